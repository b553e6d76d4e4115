// A question that gets no answer: an HTTP status, and words for the person who asked.

/** Thrown where it becomes clear. */
export class Refused extends Error {
  override name = 'Refused';
  readonly status: number;
  readonly hint: string | undefined;
  /** When it can be asked again. */
  readonly until: Date | undefined;

  constructor(
    status: number,
    message: string,
    { hint, until, cause }: { hint?: string | undefined; until?: Date | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.status = status;
    this.hint = hint;
    this.until = until;
  }
}
