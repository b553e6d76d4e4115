// The dashboard on Cloudflare Pages: the project, its address, and the upload of what is built. The project's resource has as few
// properties as possible: with more, every preview shows changes that nobody made (terraform-provider-cloudflare#6526, #7303).
import { DnsRecord } from '@pulumi/cloudflare/dnsRecord.js';
import { PagesDomain } from '@pulumi/cloudflare/pagesDomain.js';
import { PagesProject } from '@pulumi/cloudflare/pagesProject.js';
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  interpolate,
  type Output,
  output,
  type Resource,
} from '@pulumi/pulumi';
import { LocalCommand } from './local-command.ts';

/** Cloudflare's value for an automatic TTL, the only one it accepts for a proxied record. */
const AUTOMATIC = 1;
/** The branch whose deployments are the live site instead of a preview. */
const BRANCH = 'main';

/** Arguments of {@link DashboardSite}. */
export interface DashboardSiteArgs {
  /** Required. Cloudflare's id of the account. */
  accountId: string;
  /** Required. The project's name, which is also its host below `pages.dev`: unique in all of Cloudflare. */
  projectName: string;
  /** Optional. A domain of its own, and the domain's zone. Default: the host below `pages.dev`. */
  domain?: { hostName: string; zoneId: string } | undefined;
  /** Required. Hash of the site's sources: another hash means that the site is built and uploaded again. */
  sources: string;
  /** Required. The site's variables, all public: see apps/dashboard/functions/context.ts. */
  variables: Record<string, Input<string>>;
  /** Optional. What must be deployed before a new site, such as the database's schema. Default: nothing. */
  after?: Resource[];
}

/** Pages project, its domain, and its content. */
export class DashboardSite extends ComponentResource {
  /** The site's address. */
  readonly address: Output<string>;

  constructor(name: string, args: DashboardSiteArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:DashboardSite', name, {}, options);
    const { accountId, projectName, domain, sources, variables, after = [] } = args;

    const project = new PagesProject(
      `${name}-project`,
      { accountId, name: projectName, productionBranch: BRANCH },
      {
        parent: this,
        // The upload sets them, together with the site's variables.
        ignoreChanges: ['deploymentConfigs', 'buildConfig', 'source'],
      },
    );

    if (domain) {
      const { hostName, zoneId } = domain;
      const record = new DnsRecord(
        `${name}-record`,
        {
          zoneId,
          name: hostName,
          type: 'CNAME',
          content: project.subdomain,
          ttl: AUTOMATIC,
          proxied: true,
          comment: `Dashboard, Pages project ${projectName}`,
        },
        { parent: this },
      );
      // Cloudflare issues the certificate once the record exists.
      new PagesDomain(
        `${name}-domain`,
        { accountId, projectName: project.name, name: hostName },
        { parent: this, dependsOn: record },
      );
    }

    new LocalCommand(
      `${name}-upload`,
      {
        run: `npm run --silent ops -- deploy dashboard --account ${accountId} --project ${projectName} --branch ${BRANCH}`,
        environment: {
          DASHBOARD_SOURCES: sources,
          ...Object.fromEntries(Object.entries(variables).map(([key, value]) => [`SITE_${key}`, value])),
        },
      },
      { parent: this, dependsOn: [project, ...after], replaceWith: [project], deletedWith: project },
    );

    this.address = domain ? output(`https://${domain.hostName}`) : interpolate`https://${project.subdomain}`;
    this.registerOutputs();
  }
}
