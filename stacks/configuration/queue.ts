// The size of the queue that an environment's configuration asks for.
import { type QueueLimits, queueLimits } from '../../provisioning/broker/queue.ts';

/** The keys that decide it. */
export interface QueuePlan {
  queueMessagesPerSecond: number;
  queueOutageHours: number;
  queueMessageBytes: number;
}

/** Limits of the broker's queues. */
export function queueOf(plan: QueuePlan): QueueLimits {
  return queueLimits({
    messagesPerSecond: plan.queueMessagesPerSecond,
    outageHours: plan.queueOutageHours,
    messageBytes: plan.queueMessageBytes,
  });
}
