// ST-02: storage refuses TLS versions before 1.2.
import type { Known } from '../known.ts';
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { STORAGE_ACCOUNT } from '../types.ts';

const FROM_1_2: Known[] = ['TLS1_2', 'TLS1_3'];

export const storageStrongTls: ResourceRule = {
  id: 'ST-02',
  name: 'storage-strong-tls',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand: 'A storage account sets minimumTlsVersion to TLS1_2 or TLS1_3. The API’s default is TLS 1.0.',
  reason: 'TLS 1.0 and 1.1 are deprecated (RFC 8996): an attacker in the middle can downgrade a client to them.',
  fix: 'set minimumTlsVersion: "TLS1_2"',
  sources: [
    'Microsoft Learn, "Enforce a minimum required version of TLS" (https://learn.microsoft.com/azure/storage/common/transport-layer-security-configure-minimum-version)',
    'CIS Azure Foundations 3.0 4.15, 4.0 10.3.7',
    'Checkov CKV_AZURE_44',
    'Trivy AZU-0011',
  ],
  properties: { 'StorageAccount.minimumTlsVersion': REQUIRED },
  types: [STORAGE_ACCOUNT],
  remedy: { 'StorageAccount.minimumTlsVersion': 'TLS1_2' },
  check: ({ urn, name, props }) =>
    FROM_1_2.includes(props.minimumTlsVersion)
      ? []
      : [violation({ urn, name }, 'minimumTlsVersion', props.minimumTlsVersion, 'accepts TLS versions before 1.2')],
};
