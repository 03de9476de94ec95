import {
    type CreateResource,
    call,
    create,
    omitUndefined,
    type Properties,
    rejectUnknownInputs,
} from "../rehearsal-context";

/** `gcp.artifactregistry.Repository`. */
export const repository: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, [
        "repositoryId",
        "location",
        "project",
        "format",
        "mode",
        "description",
        "labels",
        "kmsKeyName",
        "cleanupPolicies",
        "cleanupPolicyDryRun",
    ]);
    const { project = context.gcp.project, location, repositoryId } = inputs;
    const parent = `projects/${project}/locations/${location}/repositories`;
    const policies = (inputs.cleanupPolicies ?? []) as Properties[];
    await create(
        context,
        `/v1/${parent}?repository_id=${repositoryId}`,
        omitUndefined({
            format: inputs.format,
            mode: inputs.mode ?? "STANDARD_REPOSITORY",
            description: inputs.description,
            labels: inputs.labels,
            kmsKeyName: inputs.kmsKeyName,
            cleanupPolicyDryRun: inputs.cleanupPolicyDryRun,
            // The provider uses a list, whereas the API uses a map keyed by id.
            cleanupPolicies: Object.fromEntries(policies.map((policy) => [policy.id, policy])),
        }),
        `/v1/${parent}/${repositoryId}`,
    );
    const created = await call(context, "GET", `/v1/${parent}/${repositoryId}`);
    return {
        id: `${parent}/${repositoryId}`,
        outputs: { name: repositoryId, registryUri: created.registryUri },
        detail: String(created.registryUri),
        destroy: async (later) => {
            await call(later, "DELETE", `/v1/${parent}/${repositoryId}`);
        },
    };
};
