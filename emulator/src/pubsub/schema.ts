import { z } from "zod";
import { NOT_EMULATED } from "../http/body";

const labels = z.record(z.string(), z.string()).optional();
const updateMask = z.string().optional();
const duration = z.string().regex(/^\d+(\.\d{1,9})?s$/, 'must be a number of seconds such as "10s"');

/**
 * https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics#Topic. Schemas, storage policies, transforms
 * and message retention are not emulated.
 */
const topic = z.strictObject({
    labels,
    kmsKeyName: z.string().optional(),
    // These fields are output-only: clients send back what they read.
    name: z.string().optional(),
    state: z.string().optional(),
});

const pushConfig = z.strictObject({
    pushEndpoint: z.string().optional(),
    noWrapper: z.strictObject({ writeMetadata: z.boolean().optional() }).optional(),
});

/**
 * https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions#Subscription. Only push subscriptions
 * without filters, ordering or dead-letter topics are emulated.
 */
const subscription = z.strictObject({
    topic: z.string().optional(),
    pushConfig: pushConfig.optional(),
    ackDeadlineSeconds: z.int().min(0).max(600).optional(),
    messageRetentionDuration: duration.optional(),
    retainAckedMessages: z.literal(false, NOT_EMULATED).optional(),
    enableMessageOrdering: z.literal(false, NOT_EMULATED).optional(),
    enableExactlyOnceDelivery: z.literal(false, NOT_EMULATED).optional(),
    filter: z.literal("", NOT_EMULATED).optional(),
    expirationPolicy: z.strictObject({ ttl: duration.optional() }).optional(),
    retryPolicy: z
        .strictObject({ minimumBackoff: duration.optional(), maximumBackoff: duration.optional() })
        .optional(),
    labels,
    // These fields are output-only.
    name: z.string().optional(),
    state: z.string().optional(),
});

export const topicBody = topic;
export const topicPatch = z.strictObject({ topic, updateMask });
export const subscriptionBody = subscription;
export const subscriptionPatch = z.strictObject({ subscription, updateMask });

export const publishBody = z.strictObject({
    messages: z
        .array(
            z.strictObject({
                data: z.base64().optional(),
                attributes: z.record(z.string(), z.string()).optional(),
                // These fields are output-only.
                messageId: z.string().optional(),
                publishTime: z.string().optional(),
            }),
        )
        .min(1)
        .max(1000),
});

export type TopicBody = z.output<typeof topicBody>;
export type SubscriptionBody = z.output<typeof subscriptionBody>;
export type PublishedMessage = z.output<typeof publishBody>["messages"][number];
