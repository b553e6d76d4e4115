// What the tenant calls its fields, in which unit they are, and with how many decimals they are shown.
import { formatNumber } from '../../ui/format.ts';
import { type Api, allRows, COUNTED, call, type RowOf } from '../session/rows.ts';
import { numberIn } from './fields.ts';

const names = (api: Api) => api.from('field_names').select('field,label,unit,decimals', COUNTED);
export type FieldName = RowOf<typeof names>;

/** Of the fields that have one. @throws ApiError, as below. */
export function listFieldNames(tenantId: string): Promise<FieldName[]> {
  return allRows((api: Api) => names(api).eq('tenant_id', tenantId), ['field']);
}

/** Null: as the readings have it. */
export async function setFieldName(tenantId: string, { field, ...own }: FieldName): Promise<void> {
  const set = Object.entries(own).filter(([, value]) => value !== null);
  await call('set_field_name', { tenant_id: tenantId, field, ...Object.fromEntries(set) });
}

/** A field in words: its name, and how its values are written. */
export interface FieldWords {
  label: string;
  unit: string;
  /** A value in short, with the unit. */
  write: (value: unknown) => string;
}

/** @param own what the tenant has set, if anything. */
export function wordsOf(field: string, own: FieldName | undefined): FieldWords {
  const unit = own?.unit ?? '';
  return {
    label: own?.label ?? (field === '' ? '""' : field),
    unit,
    write: (value) => {
      // Text that is a number stays as it was sent, unless decimals are asked for.
      const number = typeof value === 'number' || own?.decimals != null ? numberIn(value) : undefined;
      const text =
        typeof value === 'number' || (number !== undefined && typeof value === 'string')
          ? formatNumber(number ?? (value as number), own?.decimals)
          : exactly(value);
      return unit && numberIn(value) !== undefined && typeof value !== 'boolean' ? `${text} ${unit}` : text;
    },
  };
}

/** A value as it was sent. */
export const exactly = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
