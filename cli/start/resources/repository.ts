import { type Apply, call, knowsOnly, type Properties, present } from "../context";

/** `gcp.artifactregistry.Repository`. */
export const repository: Apply = async ({ type, inputs }, context) => {
    knowsOnly(type, inputs, [
        "repositoryId",
        "location",
        "project",
        "format",
        "mode",
        "description",
        "labels",
        "cleanupPolicies",
        "cleanupPolicyDryRun",
    ]);
    const { project = context.gcp.project, location, repositoryId } = inputs;
    const parent = `projects/${project}/locations/${location}/repositories`;
    const policies = (inputs.cleanupPolicies ?? []) as Properties[];
    await call(
        context,
        "POST",
        `/v1/${parent}?repository_id=${repositoryId}`,
        present({
            format: inputs.format,
            mode: inputs.mode ?? "STANDARD_REPOSITORY",
            description: inputs.description,
            labels: inputs.labels,
            cleanupPolicyDryRun: inputs.cleanupPolicyDryRun,
            // A list in the provider, a map by id in the API.
            cleanupPolicies: Object.fromEntries(policies.map((policy) => [policy.id, policy])),
        }),
    );
    const made = await call(context, "GET", `/v1/${parent}/${repositoryId}`);
    return {
        id: `${parent}/${repositoryId}`,
        outputs: { name: repositoryId, registryUri: made.registryUri },
        note: String(made.registryUri),
        destroy: async (later) => {
            await call(later, "DELETE", `/v1/${parent}/${repositoryId}`);
        },
    };
};
