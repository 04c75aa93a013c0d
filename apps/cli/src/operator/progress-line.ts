// How far something is that is counted in events: with rate and time to go, measured since its first look.

export function progressLine(): (done: number, total: number) => string {
  let first: { readonly done: number; readonly atMs: number } | undefined;
  return (done, total) => {
    first ??= { done, atMs: performance.now() };
    const seconds = (performance.now() - first.atMs) / 1_000;
    const rate = seconds < 0.5 ? 0 : (done - first.done) / seconds;
    const share = total === 0 ? 100 : Math.floor((100 * done) / total);
    const left = rate === 0 ? '' : `, ${Math.round(rate)}/s, ${durationText((total - done) / rate)} to go`;
    return `${share} % (${done} of ${total} events${left})`;
  };
}

function durationText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 120) return `${whole} s`;
  return whole < 7_200 ? `${Math.ceil(whole / 60)} min` : `${Math.ceil(whole / 3_600)} h`;
}
