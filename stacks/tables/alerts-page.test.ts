import { expect, it } from 'vitest';
import { renderAlertsPage } from './alerts-page.ts';

it('is what docs/reference/alerts.md says', async () => {
  await expect(renderAlertsPage()).toMatchFileSnapshot('../../docs/reference/alerts.md');
});
