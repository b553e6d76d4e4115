// ST-01: storage refuses plain HTTP.
import { DEFAULT_IS_SAFE, type ResourceRule, violation } from '../rule.ts';
import { STORAGE_ACCOUNT } from '../types.ts';

export const storageHttpsOnly: ResourceRule = {
  id: 'ST-01',
  name: 'storage-https-only',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A storage account does not set enableHttpsTrafficOnly to false. The default is true since API version 2019-04-01.',
  reason: 'Archives, backups and code packages sent over plain HTTP can be read and changed in transit.',
  fix: 'set enableHttpsTrafficOnly: true',
  sources: [
    'Microsoft Learn, "Require secure transfer" (https://learn.microsoft.com/azure/storage/common/storage-require-secure-transfer)',
    'CIS Azure Foundations 3.0 4.1, 4.0 10.3.4',
    'Checkov CKV_AZURE_3',
    'Trivy AZU-0008',
  ],
  properties: { 'StorageAccount.enableHttpsTrafficOnly': DEFAULT_IS_SAFE },
  types: [STORAGE_ACCOUNT],
  remedy: { 'StorageAccount.enableHttpsTrafficOnly': true },
  check: ({ urn, name, props }) =>
    (props.enableHttpsTrafficOnly ?? true) === true
      ? []
      : [violation({ urn, name }, 'enableHttpsTrafficOnly', props.enableHttpsTrafficOnly, 'accepts plain HTTP')],
};
