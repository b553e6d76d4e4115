import { expect, test } from 'vitest';
import { covers, formatPath, parsePath, touches } from './property-path.ts';

test('paths are read as Pulumi writes them', () => {
  expect(parsePath('securityRules[0].priority')).toEqual(['securityRules', 0, 'priority']);
  expect(parsePath('tags["cost.centre \\"x\\""]')).toEqual(['tags', 'cost.centre "x"']);
  expect(parsePath('rules[*].name')).toEqual(['rules', '*', 'name']);
});

test('paths are written so that they can be read back', () => {
  for (const path of ['a.b[2].c', 'tags["cost.centre"]', 'rules.*.name']) {
    expect(parsePath(formatPath(parsePath(path)))).toEqual(parsePath(path));
  }
});

test('a pattern covers itself and what is below, and touches what is above', () => {
  const pattern = parsePath('osProfile.customData');
  expect(covers(pattern, ['osProfile', 'customData'])).toBe(true);
  expect(covers(pattern, ['osProfile'])).toBe(false);
  expect(touches(pattern, ['osProfile'])).toBe(true);
  expect(touches(pattern, ['osProfile', 'adminUsername'])).toBe(false);
  expect(covers(parsePath('rules[*].name'), ['rules', 3, 'name'])).toBe(true);
});
