// What the two programs that drive a sandbox with a service's own client have in common: steps with names, the control surface,
// and packages from wherever check_sdks.sh has them.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export { assert };
export const require = createRequire(join(process.env.SDK_MODULES, '..', 'package.json'));
export const url = process.argv[2];
if (!/^http:\/\/127\.0\.0\.1:\d+$/.test(url ?? '')) throw new Error('say the sandbox: a client without an address would call the real service');

let passed = 0, failed = 0;
const MOST_MS = 20000; // a client that waits for an answer that will not come is a failure, not a hang

export async function step(name, act) {
  let timer;
  const late = new Promise((_, no) => { timer = setTimeout(() => no(new Error(`no end after ${MOST_MS} ms`)), MOST_MS); });
  try {
    await Promise.race([act(), late]);
    passed++;
  } catch (e) {
    failed++;
    console.log(`FAILED: ${name}: ${e.message} ${e.body ? JSON.stringify(e.body) : ''}`);
    if (process.env.SDK_TRACE) console.log(e.stack);
  } finally {
    clearTimeout(timer);
  }
}

export function end(client) {
  console.log(`${client}: ${passed} steps passed${failed ? `, ${failed} failed` : ''}`);
  process.exit(failed ? 1 : 0);
}

// The control surface of the sandbox.
export async function control(method, path, body) {
  const answer = await fetch(`${url}/_sandbox/${path}`, { method, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json().catch(() => null);
}
export const edit = (what) => control('POST', 'edit', what);
export const advance = (ms) => control('POST', 'clock', { advance_ms: ms });
export const calls = () => control('GET', 'calls');

// refused: what the client throws when the service says no.
export async function refused(act) {
  try {
    await act();
  } catch (e) {
    return e;
  }
  throw new Error('it was not refused');
}
