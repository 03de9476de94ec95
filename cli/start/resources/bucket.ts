import { type Apply, call, knowsOnly, type Properties, present, type RehearsalContext } from "../context";

/** `gcp.storage.Bucket`, with the provider's way of emptying it first (`forceDestroy`). */
export const bucket: Apply = async ({ type, inputs }, context) => {
    knowsOnly(type, inputs, [
        "name",
        "location",
        "project",
        "labels",
        "storageClass",
        "forceDestroy",
        "uniformBucketLevelAccess",
        "publicAccessPrevention",
        "versioning",
        "lifecycleRules",
        "softDeletePolicy",
    ]);
    const name = String(inputs.name);
    const softDelete = inputs.softDeletePolicy as { retentionDurationSeconds?: number } | undefined;
    const rules = inputs.lifecycleRules as Properties[] | undefined;
    await call(
        context,
        "POST",
        `/storage/v1/b?project=${inputs.project ?? context.gcp.project}`,
        present({
            name,
            location: inputs.location,
            labels: inputs.labels,
            storageClass: inputs.storageClass,
            iamConfiguration: present({
                uniformBucketLevelAccess: { enabled: inputs.uniformBucketLevelAccess === true },
                publicAccessPrevention: inputs.publicAccessPrevention,
            }),
            versioning: inputs.versioning,
            lifecycle: rules ? { rule: rules.map(lifecycleRule) } : undefined,
            softDeletePolicy: softDelete
                ? { retentionDurationSeconds: String(softDelete.retentionDurationSeconds) }
                : undefined,
        }),
    );
    return {
        id: name,
        outputs: { name, url: `gs://${name}` },
        note: `gs://${name}`,
        destroy: async (later) => {
            if (inputs.forceDestroy === true) {
                await empty(later, name);
            }
            await call(later, "DELETE", `/storage/v1/b/${name}`);
        },
    };
};

/** The provider spells the state of a condition `withState`; the API has `isLive`. */
function lifecycleRule(rule: Properties): Properties {
    const { withState, ...condition } = rule.condition as Properties;
    const isLive = withState === "LIVE" ? true : withState === "ARCHIVED" ? false : undefined;
    return { action: rule.action, condition: present({ ...condition, isLive }) };
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
