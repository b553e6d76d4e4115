// Why a program that a command needs could not be started.

/** @param whenMissing says what to install. Any other reason, such as a file without execute permission, keeps the system's words. */
export function spawnProblem(error: NodeJS.ErrnoException, whenMissing: string): Error {
  return error.code === 'ENOENT'
    ? new Error(whenMissing)
    : new Error(`${error.path ?? 'it'} did not start: ${error.message}`);
}
