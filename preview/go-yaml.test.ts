// The string that a program gets for a value in a stack file. Every row matches `pulumi config --json` of v3.274.1.
import { expect, test } from 'vitest';
import { scratchProject } from './fixtures/scratch.ts';
import { parseGoYaml } from './go-yaml.ts';
import { readProject } from './project.ts';

test.each([
  ['2027-11-30', '2027-11-30 00:00:00 +0000 UTC'],
  ['2027-1-3', '2027-01-03 00:00:00 +0000 UTC'],
  ['2027-11-30T10:20:30Z', '2027-11-30 10:20:30 +0000 UTC'],
  ['2027-11-30T10:20:30.5+02:00', '2027-11-30 10:20:30.5 +0200 +0200'],
  ['2027-11-30 10:20:30', '2027-11-30 10:20:30 +0000 UTC'],
  ['2027-13-41', '2027-13-41'],
  ['12:30:45', '12:30:45'],
  ['1_000', '1000'],
  ['1__0_', '10'],
  ['_1', '_1'],
  ['0123', '83'],
  ['-012', '-10'],
  ['0189', '189'],
  ['00', '0'],
  ['0o17', '15'],
  ['0O17', '15'],
  ['0xff', '255'],
  ['0XFF', '255'],
  ['0x_ff', '255'],
  ['0xzz', '0xzz'],
  ['0b101', '5'],
  ['+5', '5'],
  ['-0', '0'],
  ['9007199254740993', '9007199254740993'],
  ['18446744073709551615', '18446744073709551615'],
  ['18446744073709551616', '18446744073709552000'],
  ['1.50', '1.5'],
  ['2.0', '2'],
  ['.5', '0.5'],
  ['5.', '5'],
  ['1_000.5', '1000.5'],
  ['1e3', '1000'],
  ['1e30', '1e+30'],
  ['1e-7', '1e-7'],
  ['1e', '1e'],
  ['12e4567', '12e4567'],
  ['1.2.3', '1.2.3'],
  ['10.0.0.1', '10.0.0.1'],
  ['yes', 'yes'],
  ['on', 'on'],
  ['True', 'true'],
  ['FALSE', 'false'],
  ['tRue', 'tRue'],
  ['null', ''],
  ['~', ''],
  ['', ''],
  ['"007"', '007'],
  ["'1_000'", '1_000'],
  ['!!str 123', '123'],
  ['!!int "12"', '12'],
  ['!!timestamp "2027-01-02"', '2027-01-02 00:00:00 +0000 UTC'],
  ['!!binary aGk=', 'hi'],
  ['&a 0x10', '16'],
  ['|\n    a\n    b\n', 'a\nb\n'],
  [
    '[1_000, 2027-11-30, 0123, yes, ~, 1.0, "x", 1e30]',
    '[1000,"2027-11-30 00:00:00 +0000 UTC",83,"yes",null,1,"x",1e+30]',
  ],
  [
    '{a: 1_0, b: 2027-11-30, 1: x, true: y, 2027-01-01: z}',
    '{"1":"x","a":10,"b":"2027-11-30 00:00:00 +0000 UTC","true":"y","2027-01-01 00:00:00 +0000 UTC":"z"}',
  ],
  ['{<<: {c: 1}, d: 010}', '{"c":1,"d":8}'],
])('%s is read as Pulumi reads it', (written, given) => {
  const root = scratchProject({ 'Pulumi.dev.yaml': `config:\n  preview-fixture:value: ${written}\n` });
  expect(readProject(root, 'dev').config['preview-fixture:value']).toBe(given);
});

test.each(['.inf', '-.inf', '.nan'])('%s is refused, as by Pulumi', (written) => {
  expect(() => parseGoYaml(`a: ${written}`)).toThrow('quote it');
});

test('so is a duplicate key', () => {
  expect(() => parseGoYaml('a: 1\na: 2\n')).toThrow(/unique/);
});

test('a byte order mark is ignored', () => {
  expect(parseGoYaml('\uFEFFa: 1')).toEqual({ a: 1 });
});
