// Debian's browser: the one that apt brings.

/** Its program. */
export const CHROMIUM = '/usr/bin/chromium';

/** As root, as in containers, Chromium's own sandbox cannot be set up. */
export const chromiumArguments = (): string[] => (process.getuid?.() === 0 ? ['--no-sandbox'] : []);
