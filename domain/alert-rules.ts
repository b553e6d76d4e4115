// Limits of an alert rule.

/** Longest window of a threshold or a rate, in minutes: a day. */
export const MAX_WINDOW_MINUTES = 1440;

/** Longest silence, and longest time that a condition must last, in minutes: seven days. */
export const MAX_LASTING_MINUTES = 10_080;

/** Longest text that a condition compares with. */
export const MAX_WANTED_LENGTH = 200;
