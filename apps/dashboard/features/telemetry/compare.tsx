'use client';
// The choice of a second line: another field of the device, or the same field of another device.
import type { Device } from '../devices/devices.ts';
import styles from './compare.module.css';
import type { FieldWords } from './field-names.ts';

/** A second line as the address has it: the device's id and the field. */
export const joinSecond = (deviceId: string, field: string) => `${deviceId}:${field}`;

/** @returns undefined when there is none. */
export function readSecond(text: string | null): { deviceId: string; field: string } | undefined {
  const found = /^([0-9a-f-]{36}):([\s\S]{0,200})$/.exec(text ?? '');
  return found ? { deviceId: found[1] as string, field: found[2] as string } : undefined;
}

interface Props {
  deviceId: string;
  field: string;
  /** All numeric ones of this device. */
  fields: string[];
  /** All of the tenant; undefined while they are not asked for. */
  devices: Device[] | undefined;
  wordsOf: (field: string) => FieldWords;
  value: string;
  /** It may be opened soon: the devices are needed. */
  onTouch: () => void;
  onChange: (second: string | null) => void;
}

/** Choices of each kind that a list offers. */
const MOST = 300;

export function Compare({ deviceId, field, fields, devices, wordsOf, value, onTouch, onChange }: Props) {
  const others = fields.filter((each) => each !== field).slice(0, MOST);
  return (
    <select
      className={styles.compare}
      aria-label="Compare with"
      value={value}
      onFocus={onTouch}
      onPointerEnter={onTouch}
      onChange={({ target }) => onChange(target.value || null)}
    >
      <option value="">Compare with…</option>
      {others.length > 0 && (
        <optgroup label="Of this device">
          {others.map((each) => (
            <option key={each} value={joinSecond(deviceId, each)}>
              {wordsOf(each).label}
            </option>
          ))}
        </optgroup>
      )}
      <optgroup label={`${wordsOf(field).label} of another device`}>
        {devices
          ?.filter(({ id }) => id !== deviceId)
          .slice(0, MOST)
          .map(({ id, name }) => (
            <option key={id} value={joinSecond(id, field)}>
              {name}
            </option>
          ))}
      </optgroup>
    </select>
  );
}
