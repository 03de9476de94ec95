import { permissionDenied, unauthenticated } from "../http/errors";
import { pageOf } from "../http/query";
import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import { POLICY_VERSION_QUERY, policyHandlers } from "../iam/policy-handlers";
import type { IamService } from "../iam/service";
import type { ProjectService } from "../projects/projects";
import { publishBody, subscriptionBody, subscriptionPatch, topicBody, topicPatch } from "./schema";
import { type Kind, type PubSubService, parseTopic, type Subscription, type Topic } from "./service";

const TOPICS = "/v1/projects/:project/topics" as const;
const TOPIC = `${TOPICS}/:topic` as const;
const SUBSCRIPTIONS = "/v1/projects/:project/subscriptions" as const;
const SUBSCRIPTION = `${SUBSCRIPTIONS}/:subscription` as const;
const PAGE = { query: ["pageSize", "pageToken"] };
// The gcp provider sends the mask as a parameter.
const MASK = { query: ["updateMask"] };
const SCOPES = ["pubsub", "cloud-platform"].map((scope) => `https://www.googleapis.com/auth/${scope}`);

type ProjectRequest = ApiRequest<{ readonly project: string }>;
type TopicRequest = ApiRequest<{ readonly project: string; readonly topic: string }>;
type SubscriptionRequest = ApiRequest<{ readonly project: string; readonly subscription: string }>;

/** The services that Pub/Sub's routes use. */
export interface PubSubServices {
    readonly pubsub: PubSubService;
    readonly projects: ProjectService;
    readonly iam: IamService;
}

/** Pub/Sub's API: https://cloud.google.com/pubsub/docs/reference/rest */
export function pubsubRoutes(services: PubSubServices): Route[] {
    const { pubsub, iam } = services;
    const policy = policyHandlers<TopicRequest["params"]>(iam, {
        resource: ({ params }) => pubsub.nameOf("topics", params.project, params.topic),
        requireExisting: async ({ params }) =>
            pubsub.topic(await pubsub.nameOf("topics", params.project, params.topic)),
        permissions: "pubsub.topics",
    });
    return [
        route("GET", `${TOPIC}\\:getIamPolicy`, policy.get, { query: [POLICY_VERSION_QUERY] }),
        route("POST", `${TOPIC}\\:setIamPolicy`, policy.set),
        route("POST", `${TOPIC}\\:testIamPermissions`, policy.test),
        ...publishRoutes(services),
        route("GET", TOPICS, (request) => list(services, request, "topics"), PAGE),
        route("GET", TOPIC, async (request) => ({ body: await requireTopic(services, request, "get") })),
        route("PUT", TOPIC, (request) => createTopic(services, request)),
        route("PATCH", TOPIC, (request) => patchTopic(services, request), MASK),
        route("DELETE", TOPIC, async (request) => {
            await pubsub.deleteTopic(await requireTopic(services, request, "delete"));
            return { body: {} };
        }),
        route("GET", SUBSCRIPTIONS, (request) => list(services, request, "subscriptions"), PAGE),
        route("GET", SUBSCRIPTION, async (request) => ({ body: await requireSubscription(services, request, "get") })),
        route("PUT", SUBSCRIPTION, (request) => createSubscription(services, request)),
        route("PATCH", SUBSCRIPTION, (request) => patchSubscription(services, request), MASK),
        route("DELETE", SUBSCRIPTION, async (request) => {
            await pubsub.deleteSubscription(await requireSubscription(services, request, "delete"));
            return { body: {} };
        }),
    ];
}

/** The route that a VM uses. The VM's own port serves it too, and likewise requires a token. */
export function publishRoutes(services: PubSubServices): Route[] {
    return [route("POST", `${TOPIC}\\:publish`, (request) => publish(services, request))];
}

async function publish(services: PubSubServices, request: TopicRequest) {
    if (request.headers.authorization === undefined) {
        throw unauthenticated("Request is missing required authentication credential. Expected OAuth 2 access token.");
    }
    requireScope(request);
    const topic = await requireTopic(services, request, "publish");
    const { messages } = await request.read(publishBody);
    return { body: { messageIds: services.pubsub.publish(topic, messages) } };
}

async function list({ pubsub, projects, iam }: PubSubServices, request: ProjectRequest, kind: Kind) {
    const { projectId } = await projects.get(request.params.project);
    iam.require(request, `pubsub.${kind}.list`, `projects/${projectId}`);
    const all: readonly (Topic | Subscription)[] = pubsub[kind](projectId);
    const { page, ...next } = pageOf(request.query, all, { size: "pageSize", largest: 1000, key: ({ name }) => name });
    return { body: { ...(page.length > 0 ? { [kind]: page } : {}), ...next } };
}

async function createTopic({ pubsub, projects, iam }: PubSubServices, request: TopicRequest) {
    const { projectId } = await projects.get(request.params.project);
    iam.require(request, "pubsub.topics.create", `projects/${projectId}`);
    const body = await request.read(topicBody);
    return { body: await pubsub.createTopic(`projects/${projectId}/topics/${request.params.topic}`, body) };
}

async function createSubscription({ pubsub, projects, iam }: PubSubServices, request: SubscriptionRequest) {
    const { projectId } = await projects.get(request.params.project);
    iam.require(request, "pubsub.subscriptions.create", `projects/${projectId}`);
    const body = await request.read(subscriptionBody);
    const { project, id } = parseTopic(body.topic ?? "");
    const topic = await pubsub.nameOf("topics", project, id);
    iam.require(request, "pubsub.topics.attachSubscription", topic);
    const name = `projects/${projectId}/subscriptions/${request.params.subscription}`;
    return { body: await pubsub.createSubscription(name, topic, body) };
}

async function patchTopic(services: PubSubServices, request: TopicRequest) {
    const topic = await requireTopic(services, request, "update");
    const body = await request.read(topicPatch);
    return { body: await services.pubsub.patchTopic(topic, body.topic, maskOf(request, body)) };
}

async function patchSubscription(services: PubSubServices, request: SubscriptionRequest) {
    const subscription = await requireSubscription(services, request, "update");
    const body = await request.read(subscriptionPatch);
    return {
        body: await services.pubsub.patchSubscription(subscription, body.subscription, maskOf(request, body)),
    };
}

function maskOf({ query }: Pick<ApiRequest, "query">, { updateMask }: { updateMask?: string | undefined }): string {
    return updateMask ?? query.get("updateMask") ?? "";
}

/** Returns the topic named in a request, if the caller has the permission. */
async function requireTopic({ pubsub, iam }: PubSubServices, request: TopicRequest, verb: string): Promise<Topic> {
    const name = await pubsub.nameOf("topics", request.params.project, request.params.topic);
    iam.require(request, `pubsub.topics.${verb}`, name);
    return pubsub.topic(name);
}

/** Returns the subscription named in a request, if the caller has the permission. */
async function requireSubscription(
    { pubsub, iam }: PubSubServices,
    request: SubscriptionRequest,
    verb: string,
): Promise<Subscription> {
    const name = await pubsub.nameOf("subscriptions", request.params.project, request.params.subscription);
    iam.require(request, `pubsub.subscriptions.${verb}`, name);
    return pubsub.subscription(name);
}

/** https://developers.google.com/identity/protocols/oauth2/scopes#pubsub. The developer's token has all scopes. */
function requireScope({ principal }: Pick<ApiRequest, "principal">): void {
    const scopes = principal.kind === "serviceAccount" ? principal.scopes : undefined;
    if (scopes !== undefined && !SCOPES.some((scope) => scopes.includes(scope))) {
        throw permissionDenied("Request had insufficient authentication scopes.", [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                domain: "googleapis.com",
                metadata: { service: "pubsub.googleapis.com" },
            },
        ]);
    }
}
