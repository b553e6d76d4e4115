// A certificate authority of the environment's own, for a broker without a domain that a public one could certify. Devices get its
// certificate and can then verify the broker like any other server.
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi';
import { CertRequest } from '@pulumi/tls/certRequest.js';
import { LocallySignedCert } from '@pulumi/tls/locallySignedCert.js';
import { PrivateKey } from '@pulumi/tls/privateKey.js';
import { SelfSignedCert } from '@pulumi/tls/selfSignedCert.js';

const DAY = 24;
/** Hours. Long, because devices keep the CA's certificate for their whole life. */
const CA_VALIDITY = 20 * 365 * DAY;
/** Hours. Short, as with public authorities: a stolen key soon becomes worthless, and renewal is routine. */
const SERVER_VALIDITY = 90 * DAY;
/**
 * Hours before the end of validity. From then on every deployment makes a new server certificate, as does `npm run ops -- certificate
 * renew`; the machine starts to use it within the hour. In these two months, one deployment is enough.
 */
const RENEWAL = 60 * DAY;

/** P-256: small devices verify it fastest, and every TLS 1.2 client supports it. */
const KEY = { algorithm: 'ECDSA', ecdsaCurve: 'P256' };

/** Arguments of {@link PrivateCa}. */
export interface PrivateCaArgs {
  /** Required. Environment that it certifies; part of its name. */
  environment: string;
  /** Required. The broker's DNS name. */
  hostName: string;
  /** Required. The broker's public address, for devices without a resolver. */
  address: Input<string>;
}

/** Certificate authority and the broker's server certificate, signed by it. */
export class PrivateCa extends ComponentResource {
  /** The CA's certificate, PEM. Public. */
  readonly caCertificate: Output<string>;
  /** The broker's certificate, PEM. Public. */
  readonly serverCertificate: Output<string>;
  /** The broker's private key, PEM, PKCS #8. Secret. */
  readonly serverKey: Output<string>;

  constructor(name: string, args: PrivateCaArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:PrivateCa', name, {}, options);
    const parent = { parent: this };

    const caKey = new PrivateKey(`${name}-key`, KEY, parent);
    const authority = new SelfSignedCert(
      `${name}-certificate`,
      {
        privateKeyPem: caKey.privateKeyPem,
        subject: { commonName: `MQTT broker CA (${args.environment})`, organization: 'mqtt-saas' },
        isCaCertificate: true,
        maxPathLength: 0,
        setSubjectKeyId: true,
        allowedUses: ['cert_signing', 'crl_signing'],
        validityPeriodHours: CA_VALIDITY,
      },
      // A new CA locks every device out; it is replaced on purpose only.
      { parent: this, protect: true },
    );

    const serverKey = new PrivateKey(`${name}-server-key`, KEY, parent);
    const request = new CertRequest(
      `${name}-server-request`,
      {
        privateKeyPem: serverKey.privateKeyPem,
        subject: { commonName: args.hostName },
        dnsNames: [args.hostName],
        ipAddresses: [args.address],
      },
      parent,
    );
    const server = new LocallySignedCert(
      `${name}-server-certificate`,
      {
        certRequestPem: request.certRequestPem,
        caCertPem: authority.certPem,
        caPrivateKeyPem: caKey.privateKeyPem,
        allowedUses: ['digital_signature', 'server_auth'],
        setSubjectKeyId: true,
        validityPeriodHours: SERVER_VALIDITY,
        earlyRenewalHours: RENEWAL,
      },
      parent,
    );

    this.caCertificate = authority.certPem;
    this.serverCertificate = server.certPem;
    this.serverKey = serverKey.privateKeyPemPkcs8;
    this.registerOutputs();
  }
}
