import { expect, test } from 'vitest';
import { makeUrn, nameOf, typeOf } from './urn.ts';

const urn = (parent: string, type: string, name: string) => makeUrn('dev', 'project', parent, type, name);
const stack = urn('', 'pulumi:pulumi:Stack', 'project-dev');

test('the stack and what lies directly below it carry their own type alone', () => {
  expect(stack).toBe('urn:pulumi:dev::project::pulumi:pulumi:Stack::project-dev');
  expect(urn(stack, 'a:b:C', 'c')).toBe('urn:pulumi:dev::project::a:b:C::c');
});

test('the chain of component types precedes the own type', () => {
  const outer = urn(stack, 'm:index:Outer', 'o');
  const inner = urn(outer, 'm:index:Inner', 'i');
  expect(urn(inner, 'a:b:C', 'c')).toBe('urn:pulumi:dev::project::m:index:Outer$m:index:Inner$a:b:C::c');
});

test('a name may hold the separator', () => {
  const odd = urn(stack, 'a:b:C', 'x::y');
  expect([nameOf(odd), typeOf(odd)]).toEqual(['x::y', 'a:b:C']);
});
