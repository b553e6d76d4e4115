// Limits of an alert rule.

/** Longest window, in minutes: a day. */
export const MAX_WINDOW_MINUTES = 1440;
