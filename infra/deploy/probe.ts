// What a container engine runs to ask a process whether it lives or takes work: `node probe.ts URL` ends with 0 when the answer is
// good, else with 1 and the reasons. In Kubernetes the kubelet asks itself.
import process from 'node:process';

const answerMsMax = 3_000;
const [url = ''] = process.argv.slice(2);

try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(answerMsMax) });
  process.stdout.write(`${await answer.text()}\n`);
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  process.stderr.write(`${url} does not answer: ${String(error)}\n`);
  process.exitCode = 1;
}
