// How the containers of a Compose project are.
import { setTimeout as sleep } from 'node:timers/promises';
import { docker } from './project.ts';

/** One container. */
export interface Container {
  service: string;
  /** `running`, `exited`, `restarting`, … */
  state: string;
  /** For people: `Up 3 minutes (healthy)`. */
  status: string;
  isHealthy: boolean;
}

/** How long containers may take to become healthy, unless it is said. Seconds. */
export const PATIENCE_S = 180;

const LABELS = ['com.docker.compose.project=mqtt-saas', 'com.docker.compose.oneoff=False'];
/** The platform's containers, for `docker ps`. */
const OURS = LABELS.flatMap((label) => ['--filter', `label=${label}`]);

/** When each service that runs was started, in milliseconds. */
export function startTimes(): Map<string, number> {
  const ids = docker(['ps', '--quiet', ...OURS])
    .trim()
    .split('\n')
    .filter(Boolean);
  const format = '{{index .Config.Labels "com.docker.compose.service"}}\t{{.State.StartedAt}}';
  const lines =
    ids.length === 0
      ? []
      : docker(['inspect', '--format', format, ...ids])
          .trim()
          .split('\n');
  return new Map(
    lines.map((line) => {
      const [service = '', at = ''] = line.split('\t');
      return [service, Date.parse(at)];
    }),
  );
}

/** Every container of the platform, by service. */
export function containers(): Container[] {
  const format = '{{.Label "com.docker.compose.service"}}\t{{.State}}\t{{.Status}}';
  const lines = docker(['ps', '--all', ...OURS, '--format', format])
    .trim()
    .split('\n')
    .filter(Boolean);
  return lines
    .map((line) => {
      const [service = '', state = '', status = ''] = line.split('\t');
      return {
        service,
        state,
        status,
        isHealthy: state === 'running' && (!status.includes('(') || status.includes('(healthy)')),
      };
    })
    .sort((a, b) => (a.service < b.service ? -1 : 1));
}

/** Waits until every service has a container that is healthy. @throws Error that names those that are not, and how to see why. */
export async function untilHealthy(services: readonly string[], patienceS = PATIENCE_S): Promise<void> {
  const deadline = Date.now() + patienceS * 1000;
  for (;;) {
    const healthy = new Set(containers().flatMap(({ service, isHealthy }) => (isHealthy ? [service] : [])));
    const others = services.filter((service) => !healthy.has(service));
    if (others.length === 0) return;
    if (Date.now() > deadline) {
      throw new Error(
        `not healthy after ${patienceS} s: ${others.join(', ')}. What they say: npm run ops -- compose logs ${others[0]}`,
      );
    }
    await sleep(500);
  }
}
