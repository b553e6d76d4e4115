// A log file that this process writes, on a disk that may be full: lines are dropped, the process goes on, and a person is told.
import { closeSync, openSync, writeSync } from 'node:fs';

/** An open log. */
export interface LogFile {
  /** Appends; never throws. */
  write(text: string | Buffer): void;
  close(): void;
}

/** @param onTrouble called once when the file takes no lines, and once when it takes them again. */
export function openLogFile(file: string, onTrouble: (message: string) => void): LogFile {
  let descriptor: number | undefined;
  let dropped = 0;
  return {
    write: (text) => {
      const bytes = Buffer.from(text);
      try {
        descriptor ??= openSync(file, 'a', 0o600);
        if (writeSync(descriptor, bytes) < bytes.length) throw Object.assign(new Error('cut'), { code: 'ENOSPC' });
        if (dropped > 0) onTrouble(`${file} is written again; ${dropped} writes to it are missing`);
        dropped = 0;
      } catch (error) {
        if (dropped === 0) {
          const { code, message } = error as NodeJS.ErrnoException;
          const why = code === 'ENOSPC' ? 'the disk is full: make room' : message;
          onTrouble(`${file} cannot be written, and the log goes on without these lines: ${why}`);
        }
        dropped += 1;
      }
    },
    close: () => {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}
