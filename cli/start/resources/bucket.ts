import {
    type CreateResource,
    call,
    create,
    omitUndefined,
    type Properties,
    type RehearsalContext,
    rejectUnknownInputs,
} from "../rehearsal-context";

/** Creates `gcp.storage.Bucket`. As in the provider, `forceDestroy` empties the bucket before deleting it. */
export const bucket: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, [
        "name",
        "location",
        "project",
        "labels",
        "storageClass",
        "forceDestroy",
        "deletionPolicy",
        "uniformBucketLevelAccess",
        "publicAccessPrevention",
        "versioning",
        "lifecycleRules",
        "softDeletePolicy",
        "encryption",
    ]);
    const name = String(inputs.name);
    const softDelete = inputs.softDeletePolicy as { retentionDurationSeconds?: number } | undefined;
    const rules = inputs.lifecycleRules as Properties[] | undefined;
    await create(
        context,
        `/storage/v1/b?project=${inputs.project ?? context.gcp.project}`,
        omitUndefined({
            name,
            location: inputs.location,
            labels: inputs.labels,
            storageClass: inputs.storageClass,
            iamConfiguration: omitUndefined({
                uniformBucketLevelAccess: { enabled: inputs.uniformBucketLevelAccess === true },
                publicAccessPrevention: inputs.publicAccessPrevention,
            }),
            versioning: inputs.versioning,
            encryption: inputs.encryption,
            lifecycle: rules ? { rule: rules.map(lifecycleRule) } : undefined,
            softDeletePolicy: softDelete
                ? { retentionDurationSeconds: String(softDelete.retentionDurationSeconds) }
                : undefined,
        }),
        `/storage/v1/b/${name}`,
    );
    return {
        id: name,
        outputs: { name, url: `gs://${name}` },
        detail: `gs://${name}`,
        destroy: async (later) => {
            if (inputs.forceDestroy === true) {
                await empty(later, name);
            }
            await call(later, "DELETE", `/storage/v1/b/${name}`);
        },
    };
};

/** The object state in a lifecycle condition is called `withState` in the provider and `isLive` in the API. */
function lifecycleRule(rule: Properties): Properties {
    const { withState, ...condition } = rule.condition as Properties;
    const isLive = withState === "LIVE" ? true : withState === "ARCHIVED" ? false : undefined;
    return { action: rule.action, condition: omitUndefined({ ...condition, isLive }) };
}

async function empty(context: RehearsalContext, name: string): Promise<void> {
    let pageToken: unknown;
    do {
        const query = pageToken ? `&pageToken=${encodeURIComponent(String(pageToken))}` : "";
        const page = await call(context, "GET", `/storage/v1/b/${name}/o?versions=true${query}`);
        for (const item of (page.items ?? []) as { name: string; generation: string }[]) {
            const object = encodeURIComponent(item.name);
            await call(context, "DELETE", `/storage/v1/b/${name}/o/${object}?generation=${item.generation}`);
        }
        pageToken = page.nextPageToken;
    } while (pageToken);
}
