// The times along an axis.

const DAY = 24 * 3600;

/** A tick's text: as exact as the step between ticks asks for. @param at epoch seconds. @param step seconds. */
export function formatTick(at: number, step: number): string {
  const time = new Date(at * 1000);
  if (step >= DAY) return time.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  const isMidnight = time.getHours() === 0 && time.getMinutes() === 0 && time.getSeconds() === 0;
  if (isMidnight && step >= 3600) return time.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  const seconds = step < 60 ? ({ second: '2-digit' } as const) : {};
  return time.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...seconds });
}
