// What counts as a mail address, in a stack's configuration and in the settings of the sending job.

/** As browsers check it (HTML, "valid email address"): no quotes, no comments, ASCII. Only its server knows whether the mailbox exists. */
export const MAIL_ADDRESS =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
