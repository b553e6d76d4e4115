import { mkdtempSync, readFileSync, writeFileSync, rmSync } from 'node:fs';
import { preview } from '/work/main/preview/preview.ts';
const root='/work/main';
const odd = { 'dev+ws+v2': ['dev', f => f + '  mqtt-saas:webSocket: true\n  mqtt-saas:vmSize: Standard_B2ts_v2\n'], 'dev+domain': ['dev', f => f + '  mqtt-saas:domain: t.example.com\n  mqtt-saas:https: true\n'], 'prod+v6admin': ['prod', f => f.replace('    - 203.0.113.20/32\n','    - 2001:db8::7/128\n')], 'staging': ['staging', f => f], 'staging90': ['staging', f => f.replace('vaultRetentionDays: 7','vaultRetentionDays: 90')] };
for (const [name,[stack,change]] of Object.entries(odd)) {
  const d = mkdtempSync('/tmp/odd-');
  writeFileSync(d+'/Pulumi.yaml', readFileSync(root+'/Pulumi.yaml','utf8').replace('stacks/index.ts', root+'/stacks/index.ts'));
  writeFileSync(`${d}/Pulumi.${stack}.yaml`, change(readFileSync(`${root}/Pulumi.${stack==='staging'?'dev':stack}.yaml`,'utf8')));
  try { const r = await preview({stack, root:d, policyPack: root+'/policies'}); console.log(name, r.policies.violations.map(v=>v.level+' '+v.policy+' '+v.urn.split('::').at(-1)), r.policies.output.split('\n').length); } catch(e) { console.log(name, 'ERR', e.message); }
  rmSync(d,{recursive:true});
}
