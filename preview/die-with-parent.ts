// Preloaded into a child: ends it when its standard input closes, which happens when the parent is gone for any reason.
// A policy pack is a server and would otherwise stay for ever.
process.stdin.on('close', () => process.exit(1));
process.stdin.resume();
// Only the watch must not keep the child alive; standard input is a pipe, hence a socket to Node.
(process.stdin as typeof process.stdin & { unref?: () => void }).unref?.();
