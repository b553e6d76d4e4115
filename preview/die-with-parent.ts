// Preloaded into a child: exits when standard input closes, which happens when the parent exits for any reason.
// A policy pack is a server and would otherwise run forever.
process.stdin.on('close', () => process.exit(1));
process.stdin.resume();
// This listener must not keep the child alive; standard input is a pipe, so Node treats it as a socket.
(process.stdin as typeof process.stdin & { unref?: () => void }).unref?.();
