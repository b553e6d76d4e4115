// The sending job alone, again and again, until it is killed: a child process of kills.test.ts.
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase } from '../../database/connection.ts';
import { createLogger } from '../../runtime/log.ts';
import { readPeriodicSettings } from '../../settings/periodic.ts';
import { sendNotifications } from '../send.ts';

const settings = readPeriodicSettings();
const log = createLogger('notify', { level: settings.logLevel, pretty: false });
const database = openDatabase(settings.database);
while (true) {
  await sendNotifications(database, log, () => 10_000);
  await pause(100);
}
