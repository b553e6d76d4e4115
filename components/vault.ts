// The platform's secrets. Access is by role, on single secrets: see access.ts.
import { Secret } from '@pulumi/azure-native/keyvault/secret.js';
import { Vault as KeyVault } from '@pulumi/azure-native/keyvault/vault.js';
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';

/** A secret to keep. */
export interface VaultSecret {
  /** Required. The secret itself. */
  value: Input<string>;
  /** Required. What it is, for people: a media type or a few words. */
  contentType: string;
  /** Optional. `value` is only what it holds until a person sets it in the vault; deployments leave it then. Default: false. */
  setByHand?: boolean;
}

/** Arguments of {@link Vault}. */
export interface VaultArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. Entra tenant whose identities may sign in. */
  tenantId: Input<string>;
  /** Required. Days for which deleted secrets, and the deleted vault, can be restored: 7 to 90. */
  retentionDays: number;
  /** Required. Nobody, not even an owner, can purge before the retention ends. It cannot be switched off again. */
  purgeProtection: boolean;
  /** Required. The secrets by name: letters, digits and hyphens. */
  secrets: Record<string, VaultSecret>;
}

/** Key vault and its secrets. */
export class Vault extends ComponentResource {
  /** The vault's name. */
  readonly vaultName: string;
  /** Its resource id. */
  readonly vaultId: Output<string>;
  /** The vault's address, such as `https://kv-mqtt-dev-1a2b3c.vault.azure.net`. */
  readonly uri: string;
  readonly #secrets: Map<string, Secret>;

  constructor(name: string, args: VaultArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Vault', name, {}, options);
    const { resourceGroupName, location, tags, names } = args.placement;
    this.vaultName = names.shared('kv');
    this.uri = `https://${this.vaultName}.vault.azure.net`;

    const vault = new KeyVault(
      `${name}-vault`,
      {
        vaultName: this.vaultName,
        resourceGroupName,
        location,
        tags,
        properties: {
          tenantId: args.tenantId,
          sku: { family: 'A', name: 'standard' },
          enableRbacAuthorization: true,
          enableSoftDelete: true,
          softDeleteRetentionInDays: args.retentionDays,
          // Azure rejects `false`; the property is left out instead.
          ...(args.purgeProtection ? { enablePurgeProtection: true } : {}),
          // Open to every network, closed to every identity without a role. Closing the network, too, would require the Function App to be
          // in the virtual network, whose private subnet needs a paid NAT gateway to reach the database.
          publicNetworkAccess: 'Enabled',
        },
      },
      // A deleted vault keeps its name until its retention ends, and a new one cannot use it.
      { parent: this, protect: true },
    );

    this.vaultId = vault.id;

    const keep = (secretName: string, { value, contentType, setByHand }: VaultSecret) =>
      new Secret(
        `${name}-${secretName}`,
        { secretName, vaultName: vault.name, resourceGroupName, tags, properties: { value, contentType } },
        { parent: this, ...(setByHand && { ignoreChanges: ['properties.value'] }) },
      );
    this.#secrets = new Map(
      Object.entries(args.secrets).map(([secretName, secret]) => [secretName, keep(secretName, secret)]),
    );
    this.registerOutputs();
  }

  /** True when the vault keeps a secret of this name. */
  has(secretName: string): boolean {
    return this.#secrets.has(secretName);
  }

  /** Resource id of a secret, the narrowest scope of a role assignment. @throws Error if there is no such secret. */
  idOf(secretName: string): Output<string> {
    return this.#find(secretName).id;
  }

  /**
   * The app setting that reads a secret. It names no version, so the Function App picks up a rotated secret by itself (within 24 hours,
   * or at once after a restart). @throws Error if there is no such secret.
   */
  reference(secretName: string): string {
    this.#find(secretName);
    return `@Microsoft.KeyVault(VaultName=${this.vaultName};SecretName=${secretName})`;
  }

  #find(secretName: string): Secret {
    const secret = this.#secrets.get(secretName);
    if (!secret) throw new Error(`vault ${this.vaultName} has no secret ${secretName}`);
    return secret;
  }
}
