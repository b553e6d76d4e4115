// Strength of generated secrets, what counts as a secret, and secrets in commands.
import { describe, expect, test } from 'vitest';
import { resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import { judge } from '../testing/specimen.ts';
import { COMMANDS, RANDOM_ID, RANDOM_PASSWORD, RANDOM_STRING, VAULT_SECRET } from '../types.ts';
import { generatedAndRun } from './generated-and-run.ts';

const find = (...plan: Parameters<typeof judge>[1]) => judge(generatedAndRun, plan);

describe('a password', () => {
  test.each([
    [{ length: 24 }],
    [{ length: 43, special: false }],
    [{ length: 32, special: true, overrideSpecial: '-_' }],
    [{ length: 28, lower: true, upper: false, numeric: false }],
  ])('%j is strong', (props) => {
    expect(find(resource(RANDOM_PASSWORD, 'it', props))).toEqual([]);
  });
  test.each([
    [{ length: 23 }],
    [{ length: 24, upper: false, numeric: false, special: false }],
    [{ length: 30, lower: false, upper: false, special: false }],
    [{ length: 24, lower: false, upper: false, numeric: false, overrideSpecial: '-----' }],
    [{ length: 24, special: UNKNOWN_TEXT }],
    [{ length: 24, overrideSpecial: UNKNOWN_TEXT }],
    [{}],
  ])('%j is too weak or not known', (props) => {
    expect(find(resource(RANDOM_PASSWORD, 'it', props))).toHaveLength(1);
  });
});

describe.each([RANDOM_STRING, RANDOM_ID])('%s', (type) => {
  test('makes suffixes, not secrets', () => {
    expect(find(resource(type, 'name-suffix', { length: 6 }))).toEqual([]);
    expect(find(resource(type, 'device-password', { length: 43 }))).toHaveLength(1);
    const kept = resource(
      VAULT_SECRET,
      'kept',
      { properties: { value: UNKNOWN_TEXT } },
      { properties: [urnOf(type, 'it')] },
    );
    expect(find(resource(type, 'it', {}), kept)).toHaveLength(1);
  });
});

describe('a command', () => {
  const password = resource(RANDOM_PASSWORD, 'password', { length: 43 });
  const made = (property: string, value: unknown) =>
    find(
      password,
      resource(COMMANDS[0]!, 'run', { logging: 'none', [property]: value }, { [property]: [password.urn] }),
    );

  test.each(['create', 'update', 'delete', 'stdin'])('whose %s is made from a password is found', (property) => {
    expect(made(property, 'echo').join()).toContain(`${property} is derived from a generated secret`);
    expect(made(property, UNKNOWN_TEXT).length).toBeGreaterThan(0);
  });
  test('so is one that changes with it, or has it in its environment', () => {
    expect(made('triggers', [UNKNOWN_TEXT]).join()).toContain('triggers');
    expect(made('environment', { LEVEL: UNKNOWN_TEXT }).join()).toContain('environment');
    expect(made('triggers', ['postgres://a:Tr0ub4dor@db/x']).join()).not.toContain('Tr0ub4dor');
  });
  test('an unknown harmless variable is judged when the update knows it', () => {
    expect(find(resource(COMMANDS[0]!, 'run', { logging: 'none', environment: { HOST: UNKNOWN_TEXT } }))).toEqual([]);
  });
});
