// All traffic that may reach the broker machine. Both the NSG and the machine's own firewall are built from this list.

/** One opening. Everything that is not listed is refused. */
export interface IngressRule {
  /** Short name: the NSG rule's name, and a comment in the host firewall. */
  name: string;
  /** Azure NSG priority, 100 to 4096; lower is evaluated first. */
  priority: number;
  protocol: 'tcp';
  port: number;
  /** CIDR prefixes that may connect, or `any`. */
  sources: string[] | 'any';
  /** Why this opening exists. */
  reason: string;
}

/** What an environment's configuration decides. */
export interface IngressOptions {
  /** Addresses that may use SSH, each a /32 (IPv4) or /128 (IPv6). */
  adminCidrs: string[];
  /** MQTT over WebSocket with TLS on 9001. Default: false. */
  webSocket?: boolean;
  /** The same on 443, for devices behind firewalls that allow outgoing HTTPS only. Default: false. */
  https?: boolean;
}

/** Name of the rule for SSH. */
export const SSH_RULE = 'allow-ssh-admin';
/** SSH, for administrators. */
const SSH_PORT = 22;
/** MQTT over TLS, for devices. */
export const MQTT_TLS_PORT = 8883;
/** The dashboard's, where the platform serves it itself: on premises. The first only leads to the second. */
export const WEB_PORTS = { http: 80, https: 443 } as const;
/** MQTT over WebSocket and TLS, by the option that opens it. */
const WEBSOCKET_PORTS = { webSocket: 9001, https: 443 };

/** The openings of an environment, in order of priority. Plaintext MQTT (1883) is never one of them. */
export function ingressRules({ adminCidrs, webSocket = false, https = false }: IngressOptions): IngressRule[] {
  const rules: IngressRule[] = [
    {
      name: SSH_RULE,
      priority: 100,
      protocol: 'tcp',
      port: SSH_PORT,
      sources: adminCidrs,
      reason: 'SSH from the administrators only',
    },
    {
      name: 'allow-mqtts',
      priority: 110,
      protocol: 'tcp',
      port: MQTT_TLS_PORT,
      sources: 'any',
      reason: 'MQTT over TLS from devices anywhere',
    },
  ];
  if (webSocket) {
    rules.push({
      name: 'allow-mqtt-wss',
      priority: 120,
      protocol: 'tcp',
      port: WEBSOCKET_PORTS.webSocket,
      sources: 'any',
      reason: 'MQTT over WebSocket and TLS, switched on by configuration',
    });
  }
  if (https) {
    rules.push({
      name: 'allow-https',
      priority: 130,
      protocol: 'tcp',
      port: WEBSOCKET_PORTS.https,
      sources: 'any',
      reason: 'MQTT over WebSocket and TLS where only HTTPS is let out, switched on by configuration',
    });
  }
  return rules;
}

/** Ports on which the broker speaks MQTT over WebSocket, in order. Default: none. */
export function webSocketPorts({
  webSocket = false,
  https = false,
}: Pick<IngressOptions, 'webSocket' | 'https'>): number[] {
  return [...(webSocket ? [WEBSOCKET_PORTS.webSocket] : []), ...(https ? [WEBSOCKET_PORTS.https] : [])];
}

/** The openings of a host that runs the platform's containers, without priorities: these are an NSG's. */
export function hostIngress({ adminCidrs, sshPort }: { adminCidrs: string[]; sshPort: number }): HostRule[] {
  const open = (name: string, port: number, reason: string): HostRule => ({
    name,
    protocol: 'tcp',
    port,
    sources: 'any',
    reason,
  });
  return [
    {
      name: SSH_RULE,
      protocol: 'tcp',
      port: sshPort,
      sources: adminCidrs,
      reason: 'SSH from the administrators only',
    },
    open('allow-mqtts', MQTT_TLS_PORT, 'MQTT over TLS from devices anywhere'),
    open('allow-http', WEB_PORTS.http, 'leads browsers to HTTPS'),
    open('allow-https', WEB_PORTS.https, 'the dashboard and its API'),
  ];
}

/** One of them. */
export type HostRule = Omit<IngressRule, 'priority'>;
