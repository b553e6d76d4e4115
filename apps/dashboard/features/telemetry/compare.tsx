'use client';
// The choice of a second line: another field of the device, or the same field of another device.
import { t } from '../../language/translate.ts';
import type { Device } from '../devices/devices.ts';
import styles from './compare.module.css';
import type { FieldWords } from './field-names.ts';

/** A second line as the address has it: the device's id and the field. */
const joinSecond = (deviceId: string, field: string) => `${deviceId}:${field}`;

/** @returns undefined when there is none. */
export function readSecond(text: string | null): { deviceId: string; field: string } | undefined {
  const found = /^([0-9a-f-]{36}):([\s\S]{0,200})$/.exec(text ?? '');
  return found ? { deviceId: found[1] as string, field: found[2] as string } : undefined;
}

/** The second line when another field is chosen: of another device it is the same field again; a line is not compared with itself. */
export function followField(text: string | null, deviceId: string, field: string): string | null {
  const second = readSecond(text);
  if (!second) return null;
  if (second.deviceId !== deviceId) return joinSecond(second.deviceId, field);
  return second.field === field ? null : text;
}

interface Props {
  deviceId: string;
  field: string;
  /** All numeric ones of this device. */
  fields: string[];
  /** Those that can be chosen, this one perhaps among them. */
  devices: readonly Pick<Device, 'id' | 'name'>[];
  wordsOf: (field: string) => FieldWords;
  value: string;
  /** It may be opened soon: the devices are needed. */
  onTouch: () => void;
  onChange: (second: string | null) => void;
}

/** Choices of each kind that a list offers. */
export const MOST_CHOICES = 300;

export function Compare({ deviceId, field, fields, devices, wordsOf, value, onTouch, onChange }: Props) {
  const others = fields.filter((each) => each !== field).slice(0, MOST_CHOICES);
  return (
    <select
      className={styles.compare}
      aria-label={t('Compare with')}
      value={value}
      onFocus={onTouch}
      onPointerEnter={onTouch}
      onChange={({ target }) => onChange(target.value || null)}
    >
      <option value="">{t('Compare with…')}</option>
      {others.length > 0 && (
        <optgroup label={t('Of this device')}>
          {others.map((each) => (
            <option key={each} value={joinSecond(deviceId, each)}>
              {wordsOf(each).label}
            </option>
          ))}
        </optgroup>
      )}
      <optgroup
        label={
          devices.length < MOST_CHOICES
            ? t('{field} of another device', { field: wordsOf(field).label })
            : t('{field} of another device, the first {most}', { field: wordsOf(field).label, most: MOST_CHOICES })
        }
      >
        {devices
          .filter(({ id }) => id !== deviceId)
          .map(({ id, name }) => (
            <option key={id} value={joinSecond(id, field)}>
              {name}
            </option>
          ))}
      </optgroup>
    </select>
  );
}
