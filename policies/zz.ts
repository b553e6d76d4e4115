import { secretsAnywhereIn } from './secrets/detectors.ts';
import { gzipSync } from 'node:zlib';
for (const t of ['a.', 'a-', '$6$', 'password', 'password=', ' -b ', 'QUJD', 'QUJD\n', 'a:b@','chpasswd:', "'a:", '://x:','eyJ','mosquitto_passwd -b ', 'curl -u ']) {
  const big = Buffer.from(t.repeat(4e6/t.length));
  const t0=performance.now(); const r=secretsAnywhereIn(gzipSync(big).toString('base64')); console.log(JSON.stringify(t),(performance.now()-t0|0)+' ms',r.length);
  const t1=performance.now(); secretsAnywhereIn(t.repeat(64e3/t.length)); console.log('   64k',performance.now()-t1|0);
}
