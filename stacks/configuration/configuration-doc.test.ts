import { expect, it } from 'vitest';
import { renderConfigurationDoc } from './configuration-doc.ts';
import { keys } from './schema.ts';

it('is what docs/reference/configuration.md says', async () => {
  await expect(renderConfigurationDoc()).toMatchFileSnapshot('../../docs/reference/configuration.md');
});

it('has a description and an example for every key', () => {
  for (const [name, type] of Object.entries(keys.shape)) {
    expect(type.meta(), name).toMatchObject({ description: expect.stringMatching(/\.$/), example: expect.any(String) });
  }
});
