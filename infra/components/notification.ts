import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type Cleanup, owned, withoutLeftovers } from "../../run/cleanup";
import type { Job } from "../training-job-args";
import type { TrainerIdentity } from "./trainer-identity";

export interface NotificationArgs extends Pick<Job, "project" | "notify" | "labels" | "kmsKey"> {
    /** Full name of the topic. */
    topic: string;
    /** The account that publishes; if undefined, nothing is granted. */
    identity: TrainerIdentity | undefined;
    cleanup: Cleanup;
}

/**
 * Lets the VM publish a message about each finished run. For a URL, this creates a topic, and a subscription that sends
 * its messages to the URL, so that the VM does not know the URL.
 */
export class Notification extends pulumi.ComponentResource {
    /** Resources that must exist before the VM starts. */
    readonly resources: pulumi.Resource[];

    constructor(name: string, args: NotificationArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:Notification", name, {}, opts);
        const { cleanup, identity } = args;
        const [, project = "", , topic = ""] = args.topic.split("/");
        this.resources = args.topic === args.notify ? [] : this.#push(name, topic, args);
        if (identity !== undefined) {
            const grant = { project, topic, role: "roles/pubsub.publisher", member: identity.account.member };
            const options = { ...owned(this, cleanup), dependsOn: [cleanup, ...this.resources] };
            this.resources.push(new gcp.pubsub.TopicIAMMember(`${name}-publisher`, grant, options));
        }
        this.registerOutputs();
    }

    /** https://cloud.google.com/pubsub/docs/payload-unwrapping */
    #push(name: string, id: string, { project, notify, labels, kmsKey, cleanup }: NotificationArgs): pulumi.Resource[] {
        const options = (kind: "topic" | "subscription") =>
            owned(this, cleanup, withoutLeftovers(cleanup, { kind, project, name: id }));
        const topic = new gcp.pubsub.Topic(
            name,
            { project, name: id, labels, kmsKeyName: kmsKey || undefined },
            options("topic"),
        );
        const push = {
            ...{ project, name: id, labels, topic: topic.id },
            pushConfig: { pushEndpoint: pulumi.secret(notify), noWrapper: { writeMetadata: true } },
            retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
            // Otherwise, the subscription would expire after a month without messages.
            expirationPolicy: { ttl: "" },
        };
        const pushOptions = { ...options("subscription"), additionalSecretOutputs: ["pushConfig"] };
        return [topic, new gcp.pubsub.Subscription(`${name}-push`, push, pushOptions)];
    }
}
