// What doctor and verify say about an auth service that answers as Supabase's does.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StackConfig } from '../stacks/configuration/parse.ts';
import { type AuthFront, startAuthFront } from '../tests/auth/front.ts';
import { judgeAuth } from './auth-service.ts';
import { reachChecks } from './doctor/reach.ts';
import type { VerifyTarget } from './verify/target.ts';
import { verify } from './verify/verify.ts';

let front: AuthFront;
beforeAll(async () => {
  front = await startAuthFront();
});
beforeEach(() => front.auth.reset());
afterAll(() => front.stop());

const verdict = (dashboard: string) => judgeAuth({ supabaseUrl: front.url, publishableKey: 'any' }, dashboard);

/** The doctor's finding while there is no address. */
function doctor(change: Partial<StackConfig> = {}) {
  const config = { supabasePublishableKey: 'sb_publishable_x', supabaseUrl: front.url, ...change } as StackConfig;
  return reachChecks(config)
    .find(({ name }) => name === 'auth service')
    ?.run();
}

async function lineOfVerify(): Promise<{ passed: boolean; detail: string } | undefined> {
  const target = { name: 'test', dashboard: front.url } as VerifyTarget;
  return (await verify(target, { only: ['auth-service'] }))[0];
}

describe('closed sign-ups, confirmed addresses, links that end on the dashboard', () => {
  beforeEach(() => {
    front.auth.settings.disableSignup = true;
  });

  it('are well', async () => {
    expect(await doctor()).toMatchObject({ mark: 'ok' });
    expect(await lineOfVerify()).toMatchObject({ passed: true, detail: 'sign-ups are closed' });
  });

  it('links that end elsewhere are reported', async () => {
    const { problems } = await verdict('https://dashboard.example.com');
    expect(problems).toEqual([
      {
        seen: `mailed links end at ${front.url}, not at https://dashboard.example.com`,
        remedy: 'let "Site URL" be https://dashboard.example.com (Authentication, URL Configuration)',
      },
    ]);
    expect(await doctor({ domain: 'example.com', cloudflareZoneId: 'z' })).toMatchObject({
      mark: 'failed',
      seen: expect.stringContaining('not at https://dashboard.example.com'),
    });
  });

  it('so are links to the dashboard with an extra slash, which a mail template would double', async () => {
    const slashed = await startAuthFront(undefined, (url) => `${url}/`);
    try {
      const { problems } = await judgeAuth({ supabaseUrl: slashed.url, publishableKey: 'any' }, slashed.url);
      expect(problems).toMatchObject([{ seen: `mailed links end at ${slashed.url}/, not at ${slashed.url}` }]);
    } finally {
      await slashed.stop();
    }
  });

  it('so are addresses that are not confirmed', async () => {
    front.auth.settings.autoconfirm = true;
    expect(await doctor()).toMatchObject({ mark: 'failed', remedy: expect.stringContaining('"Confirm email"') });
    expect(await lineOfVerify()).toMatchObject({ passed: false, detail: expect.stringContaining('"Confirm email"') });
  });
});

it('open sign-ups are reported, with the setting to change', async () => {
  const how = expect.stringContaining('"Allow new users to sign up" (Authentication');
  expect(await doctor()).toMatchObject({ mark: 'warning', seen: 'anyone can create an account', remedy: how });
  expect(await lineOfVerify()).toMatchObject({ passed: true, detail: how });
});

it('what cannot be asked is unknown, and verify fails', async () => {
  expect(await doctor({ supabaseUrl: 'http://127.0.0.1:1' })).toMatchObject({
    mark: 'unknown',
    seen: expect.stringContaining('http://127.0.0.1:1 cannot be reached'),
  });
  const target = { name: 'test', dashboard: 'http://127.0.0.1:1' } as VerifyTarget;
  expect((await verify(target, { only: ['auth-service'] }))[0]).toMatchObject({ passed: false });
});
