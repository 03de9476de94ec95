import {
    type CreateResource,
    call,
    find,
    omitUndefined,
    type Properties,
    type RehearsalContext,
    rejectUnknownInputs,
} from "../rehearsal-context";

/** `gcp.pubsub.Topic`. */
export const topic: CreateResource = ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, ["name", "project", "labels", "kmsKeyName"]);
    const { labels, kmsKeyName } = inputs;
    return put(context, "topics", inputs, { labels, kmsKeyName });
};

/** `gcp.pubsub.Subscription`. Its URL is not printed. */
export const subscription: CreateResource = ({ type, inputs }, context) => {
    const { topic: ofTopic, labels, pushConfig, retryPolicy, expirationPolicy } = inputs;
    rejectUnknownInputs(type, inputs, [
        ...["name", "project", "topic", "labels"],
        ...["pushConfig", "retryPolicy", "expirationPolicy"],
    ]);
    const { ttl } = (expirationPolicy ?? {}) as Properties;
    // As in the provider, an empty duration means that the subscription never expires.
    const expiration = ttl === "" ? {} : expirationPolicy;
    const body = { topic: ofTopic, labels, pushConfig, retryPolicy, expirationPolicy: expiration };
    return put(context, "subscriptions", inputs, body);
};

async function put(context: RehearsalContext, collection: string, inputs: Properties, body: Properties) {
    const { project = context.gcp.project, name } = inputs;
    const id = `projects/${project}/${collection}/${name}`;
    await call(context, "PUT", `/v1/${id}`, omitUndefined(body), () => find(context, `/v1/${id}`));
    return {
        id,
        outputs: {},
        detail: String(name),
        destroy: async (later: RehearsalContext) => {
            await call(later, "DELETE", `/v1/${id}`);
        },
    };
}
