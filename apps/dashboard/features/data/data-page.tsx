'use client';
// How a tenant gets at its data from outside: CSV, API tokens with programs that use them, Grafana.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { rich, t } from '../../language/translate.ts';
import { CopyBlock, DownloadButton } from '../../ui/copy.tsx';
import { PageHead, Section } from '../../ui/page.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { loadConfig } from '../session/config.ts';
import { useCan, useTenant } from '../tenants/tenant.tsx';
import styles from './data-page.module.css';
import { curlCommand, nodeProgram, pythonProgram } from './examples.ts';
import grafana from './grafana.json';
import { TokensSection } from './tokens-section.tsx';

const PROGRAMS = {
  curl: { label: 'curl', write: curlCommand },
  python: { label: 'Python', write: pythonProgram },
  node: { label: 'Node.js', write: nodeProgram },
} as const;
type ProgramName = keyof typeof PROGRAMS;
const CHOICES = (Object.keys(PROGRAMS) as ProgramName[]).map((value) => ({ value, label: PROGRAMS[value].label }));

export function DataPage() {
  const { tenant } = useTenant();
  const canMake = useCan('make API tokens');
  return (
    <>
      <PageHead
        title={t('Use your data')}
        about={t('The data of {name} outside the dashboard. All access is read-only and limited to this tenant.', {
          name: tenant.name,
        })}
      />
      <Section title={t('CSV')}>
        <div className={styles.text}>
          <p>
            {rich(
              'On a device’s page, <em>Download CSV</em> below the chart saves what the chart shows: each reading of the chosen field and range, with its exact value and its time in UTC.',
              { em: (text) => <em>{text}</em> },
            )}
          </p>
        </div>
      </Section>
      {canMake ? (
        <TokensSection />
      ) : (
        <Section title={t('API tokens')}>
          <p>
            {t('A program reads this tenant’s data with a token. Owners make and revoke tokens here: ask one of them.')}
          </p>
        </Section>
      )}
      <Programs />
      <Section
        title={t('Grafana')}
        aside={
          <DownloadButton text={JSON.stringify(grafana, null, 2)} name="mqtt-saas-dashboard.json">
            {t('Download dashboard')}
          </DownloadButton>
        }
      >
        <div className={styles.text}>
          <p>{t('Grafana reads the database directly, with a login that sees only this tenant.')}</p>
          <ol>
            <li>
              {rich('Ask the platform’s operator for the login: {command} makes it.', {
                command: <code>npm run ops -- reader {tenant.slug}</code>,
              })}
            </li>
            <li>
              {t('In Grafana, add a PostgreSQL data source with host, database, user and password of that login.')}
            </li>
            <li>{t('Import the dashboard, and choose that data source.')}</li>
          </ol>
        </div>
      </Section>
    </>
  );
}

function Programs() {
  const [name, setName] = useState<ProgramName>('curl');
  const { data: place } = useQuery({
    queryKey: ['config'],
    queryFn: loadConfig,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Section
      title={t('Read with a program')}
      aside={<Segmented label={t('Language')} options={CHOICES} value={name} onChange={setName} />}
    >
      <div className={styles.text}>
        <p>
          {rich(
            'Put the token in the environment variable {variable}, and replace {slug} with the slug of a device. A token allows one request at a time and 60 a minute; an answer has up to 1,000 rows.',
            { variable: <code>MQTT_SAAS_TOKEN</code>, slug: <code>sensor-1</code> },
          )}
        </p>
        {place && <CopyBlock text={PROGRAMS[name].write(place, 'sensor-1')} label={t('program')} />}
        <p>
          {rich('{first}, {second} and {third} are called in the same way.', {
            first: <code>read_token</code>,
            second: <code>read_devices</code>,
            third: <code>read_alerts</code>,
          })}
        </p>
      </div>
    </Section>
  );
}
