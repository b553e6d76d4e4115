// An error for the user, shown without a stack trace: what is wrong, where, and what to do.

/** The preview cannot run: an invalid argument, or a missing or malformed file. */
export class Refusal extends Error {
  override name = 'Refusal';
}
