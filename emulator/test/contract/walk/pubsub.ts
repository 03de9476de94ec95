import { walkPolicy } from "./project";
import { PROJECT_ID, type Walker } from "./walker";

const ROOT = `/v1/projects/${PROJECT_ID}`;

/** Covers the lifecycle of a topic with a push subscription. */
export async function walkPubSub(walker: Walker): Promise<void> {
    const topic = `${ROOT}/topics/finished`;
    const subscription = `${ROOT}/subscriptions/finished`;
    await walker.ok("PUT", topic, { labels: { stack: "dev" } });
    const kmsKeyName = "projects/keys/locations/us-central1/keyRings/r/cryptoKeys/k";
    await walker.ok("PUT", `${ROOT}/topics/other`, { kmsKeyName });
    await walker.fails(400, "PUT", `${ROOT}/topics/wrong-key`, { kmsKeyName: "k" });
    await walker.fails(409, "PUT", topic, {});
    await walker.fails(400, "PUT", `${ROOT}/topics/goog-x`, {});
    const page = await walker.ok("GET", `${ROOT}/topics?pageSize=1`);
    await walker.ok("GET", `${ROOT}/topics?pageToken=${encodeURIComponent(String(page.nextPageToken))}`);
    await walker.ok("GET", topic);
    await walker.ok("PATCH", topic, { topic: { labels: { stack: "prod" } }, updateMask: "labels" });
    await walkPolicy(walker, topic, "GET", "pubsub.topics.publish");
    // Nothing listens on this port.
    const pushConfig = { pushEndpoint: "http://127.0.0.1:9/", noWrapper: { writeMetadata: true } };
    await walker.ok("PUT", subscription, {
        topic: `projects/${PROJECT_ID}/topics/finished`,
        pushConfig,
        retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
        expirationPolicy: {},
        labels: { stack: "dev" },
    });
    await walker.fails(404, "PUT", `${subscription}-2`, { topic: `projects/${PROJECT_ID}/topics/none`, pushConfig });
    await walker.ok("GET", `${ROOT}/subscriptions`);
    await walker.ok("GET", subscription);
    await walker.ok("PATCH", subscription, {
        subscription: { ackDeadlineSeconds: 20 },
        updateMask: "ackDeadlineSeconds",
    });
    await walker.ok("POST", `${topic}:publish`, { messages: [{ data: "e30=", attributes: { a: "b" } }] });
    await walker.fails(400, "POST", `${topic}:publish`, { messages: [{ data: "" }] });
    await walker.ok("DELETE", subscription);
    await walker.ok("DELETE", `${ROOT}/topics/other`);
    await walker.ok("DELETE", topic);
    await walker.fails(404, "GET", topic);
}
