import {
    type CreateResource,
    call,
    create,
    omitUndefined,
    type Properties,
    rejectUnknownInputs,
} from "../rehearsal-context";

/** `gcp.secretmanager.Secret`. */
export const secret: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, ["secretId", "project", "labels", "replication"]);
    const { project = context.gcp.project, secretId, labels, replication } = inputs;
    const parent = `projects/${project}/secrets`;
    const body = omitUndefined({ labels, replication });
    const created = await create(context, `/v1/${parent}?secretId=${secretId}`, body, `/v1/${parent}/${secretId}`);
    return {
        id: `${parent}/${secretId}`,
        outputs: { name: created.name },
        detail: String(secretId),
        destroy: async (later) => {
            await call(later, "DELETE", `/v1/${parent}/${secretId}`);
        },
    };
};

/** Creates `gcp.secretmanager.SecretVersion`. Its value is not printed. */
export const secretVersion: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, ["secret", "secretData"]);
    const data = Buffer.from(String(inputs.secretData)).toString("base64");
    const findEffect = async () => {
        // A stack's secret has only one version.
        const { versions = [] } = await call(context, "GET", `/v1/${inputs.secret}/versions?pageSize=1`);
        return (versions as Properties[])[0];
    };
    const body = { payload: { data } };
    const { name } = await call(context, "POST", `/v1/${inputs.secret}:addVersion`, body, findEffect);
    return {
        id: String(name),
        outputs: { name, version: String(name).split("/").at(-1) },
        detail: `version ${String(name).split("/").at(-1)}`,
        destroy: async (later) => {
            const findDestroyed = async () => {
                const version = await call(later, "GET", `/v1/${name}`);
                return version.state === "DESTROYED" ? version : undefined;
            };
            await call(later, "POST", `/v1/${name}:destroy`, {}, findDestroyed);
        },
    };
};
