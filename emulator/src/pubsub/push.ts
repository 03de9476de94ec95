import { setTimeout as sleep } from "node:timers/promises";
import type { SubscriptionBody } from "./schema";

/** A message in a topic. */
export interface Message {
    /** Base64. */
    readonly data: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly messageId: string;
    readonly publishTime: string;
}

/** The fields of a subscription that are needed for delivery. */
export interface PushTarget extends Pick<SubscriptionBody, "pushConfig" | "retryPolicy" | "ackDeadlineSeconds"> {
    readonly name: string;
}

/** The statuses with which an endpoint acknowledges a message: https://cloud.google.com/pubsub/docs/push */
const ACKNOWLEDGED = [102, 200, 201, 202, 204];

/**
 * Delivers messages to push endpoints. A message that its endpoint does not acknowledge is sent again after a pause,
 * which doubles from the minimum to the maximum backoff of the subscription's retry policy.
 */
export class PushDelivery {
    readonly #stopped = new AbortController();
    readonly #pending = new Set<Promise<void>>();

    /**
     * Starts delivering a message.
     * @param find returns the subscription as it is now, or undefined once it has been deleted
     */
    send(find: () => PushTarget | undefined, message: Message): void {
        const delivery: Promise<void> = this.#deliver(find, message).finally(() => this.#pending.delete(delivery));
        this.#pending.add(delivery);
    }

    /** Ends every delivery. Messages that have not been acknowledged are lost. */
    async stop(): Promise<void> {
        this.#stopped.abort();
        await Promise.all(this.#pending);
    }

    async #deliver(find: () => PushTarget | undefined, message: Message): Promise<void> {
        const { signal } = this.#stopped;
        for (let failures = 0; !signal.aborted; failures++) {
            const target = find();
            if (target === undefined || (await this.#isAcknowledged(target, message))) {
                return;
            }
            // Aborting ends the pause early.
            await sleep(backoffMs(target, failures), undefined, { signal }).catch(() => undefined);
        }
    }

    async #isAcknowledged(target: PushTarget, message: Message): Promise<boolean> {
        const { pushConfig = {}, ackDeadlineSeconds = 10 } = target;
        const timeout = AbortSignal.timeout(ackDeadlineSeconds * 1000);
        try {
            const { status, body } = await fetch(pushConfig.pushEndpoint ?? "", {
                method: "POST",
                redirect: "manual",
                signal: AbortSignal.any([timeout, this.#stopped.signal]),
                ...contentOf(target, message),
            });
            await body?.cancel();
            return ACKNOWLEDGED.includes(status);
        } catch {
            // The endpoint is unreachable or too slow, or the emulator is stopping.
            return false;
        }
    }
}

/** https://cloud.google.com/pubsub/docs/payload-unwrapping */
function contentOf(
    { name, pushConfig }: PushTarget,
    message: Message,
): { headers: Headers; body: Uint8Array<ArrayBuffer> | string } {
    const { data, attributes, messageId, publishTime } = message;
    const headers = new Headers();
    if (pushConfig?.noWrapper === undefined) {
        headers.set("content-type", "application/json");
        const both = { messageId, message_id: messageId, publishTime, publish_time: publishTime };
        return { headers, body: JSON.stringify({ message: { data, attributes, ...both }, subscription: name }) };
    }
    if (pushConfig.noWrapper.writeMetadata === true) {
        headers.set("x-goog-pubsub-subscription-name", name);
        headers.set("x-goog-pubsub-message-id", messageId);
        headers.set("x-goog-pubsub-publish-time", publishTime);
        for (const [key, value] of Object.entries(attributes).filter(isHeader)) {
            headers.set(key, value);
        }
    }
    return { headers, body: new Uint8Array(Buffer.from(data, "base64")) };
}

/** Pub/Sub omits attributes that are not valid headers. */
function isHeader([key, value]: [string, string]): boolean {
    return /^[A-Za-z0-9-]+$/.test(key) && /^[\x20-\x7e]*$/.test(value);
}

function backoffMs({ retryPolicy = {} }: PushTarget, failures: number): number {
    const { minimumBackoff = "10s", maximumBackoff = "600s" } = retryPolicy;
    return 1000 * Math.min(Number.parseFloat(maximumBackoff), Number.parseFloat(minimumBackoff) * 2 ** failures);
}
