import { randomInt } from "node:crypto";
import { alreadyExists, invalid, notFound, unimplemented } from "../http/errors";
import { checkKey } from "../http/kms-key";
import type { IamService } from "../iam/service";
import type { Organization } from "../org/organization";
import type { ProjectService } from "../projects/projects";
import type { InventoryItem, Service } from "../service";
import type { Collection, DocumentStore } from "../store/documents";
import { PushDelivery } from "./push";
import type { PublishedMessage, SubscriptionBody, TopicBody } from "./schema";

/** A topic or subscription as stored and returned. `name` contains the project's id. */
export type Topic = TopicBody & { readonly name: string };
export type Subscription = SubscriptionBody & { readonly name: string; readonly topic: string };

/** The collection that contains a resource. */
export type Kind = "topics" | "subscriptions";

const ID = /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/;
const TOPIC = /^projects\/([^/]+)\/topics\/([^/]+)$/;
const CHANGEABLE_TOPIC = ["labels"] as const;
const CHANGEABLE_SUBSCRIPTION = [
    "ackDeadlineSeconds",
    "expirationPolicy",
    "labels",
    "messageRetentionDuration",
    "pushConfig",
    "retryPolicy",
] as const;

/**
 * Pub/Sub with push subscriptions. Topics and subscriptions survive a restart; messages in transit do not. Only the
 * owner of the data folder can read the subscriptions, because the URL of an endpoint may be secret.
 */
export class PubSubService implements Service {
    readonly #topics: Collection<Topic>;
    readonly #subscriptions: Collection<Subscription>;
    readonly #projects: ProjectService;
    readonly #iam: IamService;
    readonly #org: Organization;
    readonly #delivery = new PushDelivery();

    constructor(documents: DocumentStore, projects: ProjectService, iam: IamService, org: Organization) {
        this.#topics = documents.collection("pubsub/topics");
        this.#subscriptions = documents.collection("pubsub/subscriptions", { mode: 0o600 });
        this.#projects = projects;
        this.#iam = iam;
        this.#org = org;
    }

    /** Full name of a topic or subscription, with the project's id, whether or not it exists. */
    async nameOf(kind: Kind, project: string, id: string): Promise<string> {
        return `projects/${(await this.#projects.get(project)).projectId}/${kind}/${id}`;
    }

    /** @throws ApiError 404 */
    topic(name: string): Topic {
        return this.#topics.get(name) ?? missing(name);
    }

    /** @throws ApiError 404 */
    subscription(name: string): Subscription {
        return this.#subscriptions.get(name) ?? missing(name);
    }

    /** The topics in a project, ordered by name. */
    topics(projectId: string): Topic[] {
        return this.#topics.values().filter(({ name }) => name.startsWith(`projects/${projectId}/`));
    }

    /** The subscriptions in a project, ordered by name. */
    subscriptions(projectId: string): Subscription[] {
        return this.#subscriptions.values().filter(({ name }) => name.startsWith(`projects/${projectId}/`));
    }

    /** @throws ApiError 400 for an invalid id or key, 409 if the topic exists */
    async createTopic(name: string, { labels, kmsKeyName }: TopicBody): Promise<Topic> {
        requireNew(name, this.#topics);
        checkKey(kmsKeyName);
        this.#org.checkKey("pubsub.googleapis.com", name.split("/")[1] ?? "", kmsKeyName);
        const topic: Topic = {
            name,
            ...(labels === undefined ? {} : { labels }),
            ...(kmsKeyName === undefined ? {} : { kmsKeyName }),
        };
        await this.#topics.put(name, topic);
        return topic;
    }

    /**
     * @param topic canonical name of its topic
     * @throws ApiError 400 for an invalid id or endpoint, 404 if the topic does not exist, 409 if the subscription
     *     exists
     */
    async createSubscription(name: string, topic: string, body: SubscriptionBody): Promise<Subscription> {
        requireNew(name, this.#subscriptions);
        this.topic(topic);
        requireEndpoint(body);
        const subscription: Subscription = {
            ackDeadlineSeconds: 10,
            messageRetentionDuration: "604800s",
            // 31 days; an empty policy means that the subscription never expires.
            expirationPolicy: { ttl: "2678400s" },
            ...body,
            name,
            topic,
            state: "ACTIVE",
        };
        await this.#subscriptions.put(name, subscription);
        return subscription;
    }

    /** @throws ApiError 400 without a mask, 501 for a field that cannot be changed in the emulator */
    async patchTopic(topic: Topic, body: TopicBody, mask: string): Promise<Topic> {
        const changed = { ...topic, ...masked(body, mask, CHANGEABLE_TOPIC) };
        await this.#topics.put(topic.name, changed);
        return changed;
    }

    /** @throws ApiError 400 without a mask or for an invalid endpoint, 501 for a field that is not emulated */
    async patchSubscription(subscription: Subscription, body: SubscriptionBody, mask: string): Promise<Subscription> {
        const changed = { ...subscription, ...masked(body, mask, CHANGEABLE_SUBSCRIPTION) };
        requireEndpoint(changed);
        await this.#subscriptions.put(subscription.name, changed);
        return changed;
    }

    /** Removes a topic and its policy. Its subscriptions remain, but no longer receive messages. */
    async deleteTopic({ name }: Topic): Promise<void> {
        await this.#topics.delete(name);
        await this.#iam.policies.delete(name);
        for (const subscription of this.#subscriptions.values().filter(({ topic }) => topic === name)) {
            await this.#subscriptions.put(subscription.name, { ...subscription, topic: "_deleted-topic_" });
        }
    }

    async deleteSubscription({ name }: Subscription): Promise<void> {
        await this.#subscriptions.delete(name);
    }

    /**
     * Starts delivering messages to the topic's subscriptions.
     * @returns the messages' ids
     * @throws ApiError 400 for a message with neither data nor attributes
     */
    publish({ name }: Topic, messages: readonly PublishedMessage[]): string[] {
        if (messages.some(({ data = "", attributes = {} }) => data === "" && Object.keys(attributes).length === 0)) {
            throw invalid("The request contains a message with neither data nor attributes.");
        }
        const targets = this.#subscriptions.values().filter(({ topic }) => topic === name);
        return messages.map(({ data = "", attributes = {} }) => {
            const messageId = String(randomInt(1e12, 1e14));
            const message = { data, attributes, messageId, publishTime: new Date().toISOString() };
            for (const target of targets) {
                this.#delivery.send(() => this.#subscriptions.get(target.name), message);
            }
            return messageId;
        });
    }

    async stop(): Promise<void> {
        await this.#delivery.stop();
    }

    inventory(): InventoryItem[] {
        const items = (kind: string, all: readonly { readonly name: string }[]) =>
            all.map(({ name }) => ({ kind, name }));
        return [
            ...items("Pub/Sub topic", this.#topics.values()),
            ...items("Pub/Sub subscription", this.#subscriptions.values()),
        ];
    }
}

/** The project and the id in a topic's full name. @throws ApiError 400 */
export function parseTopic(name: string): { project: string; id: string } {
    const [, project, id] = TOPIC.exec(name) ?? [];
    if (project === undefined || id === undefined) {
        throw invalid(`Invalid topic "${name}": it must be projects/PROJECT/topics/TOPIC.`);
    }
    return { project, id };
}

function requireNew(name: string, existing: Collection<unknown>): void {
    const id = name.split("/").at(-1) ?? "";
    if (!ID.test(id)) {
        throw invalid(
            `Invalid resource name given (name=${name}): the id must be 3 to 255 characters, begin with a letter and ` +
                "contain only letters, digits and -_.~+%.",
        );
    }
    if (existing.has(name)) {
        throw alreadyExists(`Resource already exists in the project (resource=${id}).`);
    }
}

/** Google accepts only HTTPS; the emulator also accepts HTTP on this machine. The URL may be secret. */
function requireEndpoint({ pushConfig }: SubscriptionBody): void {
    const { pushEndpoint = "" } = pushConfig ?? {};
    if (pushEndpoint === "") {
        throw unimplemented("a subscription without pushConfig.pushEndpoint (messages cannot be pulled)");
    }
    if (!URL.canParse(pushEndpoint) || !/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(pushEndpoint)) {
        throw invalid("Invalid push endpoint given: it must be an HTTPS URL, or an HTTP URL on this machine.");
    }
}

/** The new values of the fields that an update mask names. */
function masked<Name extends string, Body extends { [Key in Name]?: unknown }>(
    body: Body,
    mask: string,
    changeable: readonly Name[],
): { [Key in Name]?: Body[Key] } {
    // A path may contain underscores. It may also point to a part of a field, in which case the whole field is
    // replaced.
    const fields = mask
        .split(",")
        .map((path) =>
            (path.trim().split(".")[0] ?? "").replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
        );
    if (mask === "") {
        throw invalid("The update_mask in the request must name the fields to change.", "updateMask");
    }
    const unknown = fields.find((field) => !changeable.some((known) => known === field));
    if (unknown !== undefined) {
        throw unimplemented(`updateMask "${unknown}" (only ${changeable.join(", ")} are supported)`);
    }
    const wanted = changeable.filter((field) => fields.includes(field));
    return Object.fromEntries(wanted.map((field) => [field, body[field]])) as { [Key in Name]?: Body[Key] };
}

function missing(name: string): never {
    throw notFound(`Resource not found (resource=${name.split("/").at(-1)}).`);
}
