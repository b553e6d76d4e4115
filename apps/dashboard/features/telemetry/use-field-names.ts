'use client';
// The tenant's words for its fields, as the pages use them.
import { useQuery } from '@tanstack/react-query';
import { polled } from '../session/queries.tsx';
import { useTenant } from '../tenants/tenant.tsx';
import { type FieldName, type FieldWords, listFieldNames, wordsOf } from './field-names.ts';

/** @returns the words of a field. */
export function useFieldWords(): (field: string) => FieldWords {
  const { tenant_id } = useTenant().tenant;
  const { data } = useQuery({
    queryKey: ['field-names', tenant_id],
    queryFn: () => listFieldNames(tenant_id),
    select: (list) => new Map(list.map((each) => [each.field, each])),
    ...polled(60_000),
  });
  return (field) => wordsOf(field, data?.get(field));
}

/** What is set for a field: all three null when nothing is. */
export function useFieldName(field: string): FieldName | undefined {
  const { tenant_id } = useTenant().tenant;
  const { data } = useQuery({ queryKey: ['field-names', tenant_id], queryFn: () => listFieldNames(tenant_id) });
  return data && (data.find((each) => each.field === field) ?? { field, label: null, unit: null, decimals: null });
}
