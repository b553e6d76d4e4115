// Bounds of what is desired of a device and of what it reports.

/** Most bytes of a desired state, of a reported one, and of an acknowledgement. */
export const MAX_REPORT_BYTES = 8 * 1024;
