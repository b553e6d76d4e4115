// The model's arithmetic, and what it chooses. That it predicts what is measured, `npm run bench -- scale` shows.
import { describe, expect, it } from 'vitest';
import { VM_SIZES } from '../../components/vm-sizes.ts';
import { MINUTE_TIMERS } from '../cost/bill.ts';
import { COEFFICIENTS } from './coefficients.ts';
import { demandOf, usualLoad } from './demand.ts';
import { carrierOf, describe as describeCarrier, platformFor, scarcestOf } from './growth.ts';
import { BROKERS, DATABASES, HEADROOM, INGESTS, machine, TIMER } from './sizes.ts';

const DECADES = [1, 2, 3, 4, 5, 6, 7].map((power) => 10 ** power);

describe('what a load asks for', () => {
  it('follows from devices, messages and bytes', () => {
    const load = { ...usualLoad(6000), messagesPerMinute: 10, rowsPerMessage: 2, retentionDays: 7, messageBytes: 200 };
    const { messagesPerSecond, broker, database } = demandOf(load);
    expect(messagesPerSecond).toBe(1000);
    expect(database.rowsPerDay).toBe(2000 * 86_400);
    // Two rows share the bytes of their message.
    expect(database.bytesPerRow).toBeCloseTo(COEFFICIENTS.rowFixedBytes + 100 * COEFFICIENTS.rowBytesPerPayloadByte);
    expect(database.bytes).toBeCloseTo(7 * database.rowsPerDay * database.bytesPerRow);
    expect(broker.queueBytes).toBeCloseTo(1000 * 8 * 3600 * (200 + COEFFICIENTS.queuedMessageBytes));
  });

  it('is connections and periodic jobs when nothing is sent', () => {
    const { broker, ingest, database } = demandOf({ ...usualLoad(1000), messagesPerMinute: 0, dashboards: 0 });
    expect(broker.memoryBytes).toBeGreaterThan(1000 * COEFFICIENTS.connectionBytes);
    expect([broker.cores, broker.queueBytes, database.bytes]).toEqual([0, 0, 0]);
    expect([ingest.cores, database.cores]).toEqual([COEFFICIENTS.ingestIdleCores, COEFFICIENTS.databaseIdleCores]);
  });

  it('grows with devices', () => {
    const demands = DECADES.map((devices) => demandOf(usualLoad(devices)));
    for (const [index, { broker, database, ingest }] of demands.slice(1).entries()) {
      expect(broker.cores).toBeGreaterThan(demands[index]!.broker.cores);
      expect(ingest.cores).toBeGreaterThan(demands[index]!.ingest.cores);
      expect(database.cores).toBeGreaterThan(demands[index]!.database.cores);
    }
  });
});

describe('what carries it', () => {
  it.each(DECADES)('%i devices: the least sizes with headroom, and what comes next carries more', (devices) => {
    const load = usualLoad(devices);
    const { carriers, bottleneck, usd } = platformFor(load);
    for (const { part, size, use, enoughUntil, next } of carriers) {
      expect(use.share).toBeLessThanOrEqual(HEADROOM);
      const sizes = { broker: BROKERS, ingest: INGESTS, database: DATABASES }[part];
      for (const smaller of sizes.slice(0, sizes.indexOf(size)))
        expect(scarcestOf(smaller, demandOf(load)).share).toBeGreaterThan(HEADROOM);
      expect(enoughUntil).toBeGreaterThanOrEqual(devices);
      expect(enoughUntil).toBeGreaterThanOrEqual(bottleneck.enoughUntil);
      // A little beyond, the next one is chosen.
      expect(describeCarrier(part, next!, load).enoughUntil).toBeGreaterThan(enoughUntil);
    }
    expect(usd).toBeCloseTo(carriers.reduce((sum, carrier) => sum + carrier.usd, 0));
  });

  it('changes at the number that it names', () => {
    const { bottleneck } = platformFor(usualLoad(1000));
    const before = carrierOf(bottleneck.part, usualLoad(bottleneck.enoughUntil));
    const after = carrierOf(bottleneck.part, usualLoad(Math.ceil(bottleneck.enoughUntil * 1.01)));
    expect(before.size).toBe(bottleneck.size);
    expect(after.size).toBe(bottleneck.next);
  });

  it('knows every size of machine that a stack may have, and names one that it does not', () => {
    for (const name of Object.keys(VM_SIZES)) expect(machine(name).usd(demandOf(usualLoad(1)))).toBeGreaterThan(5);
    expect(() => machine('Standard_D2s_v5')).toThrow('Standard_D2s_v5 is not a size of machine');
  });

  it('judges the timer by its time in each minute, of which connecting is a part', () => {
    expect(MINUTE_TIMERS).toContain('mqtt_ingest');
    expect(scarcestOf(TIMER, demandOf(usualLoad(60_000)))).toEqual({ of: 'time', share: (3 + 60) / 45 });
  });

  it('says so when nothing that is known carries a load', () => {
    expect(() => platformFor(usualLoad(1e10))).toThrow('no broker that is known carries 10000000000 devices');
  });
});
