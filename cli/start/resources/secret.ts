import { type CreateResource, call, omitUndefined, rejectUnknownInputs } from "../rehearsal-context";

/** `gcp.secretmanager.Secret`. */
export const secret: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, ["secretId", "project", "labels", "replication"]);
    const { project = context.gcp.project, secretId, labels, replication } = inputs;
    const parent = `projects/${project}/secrets`;
    const body = omitUndefined({ labels, replication });
    const created = await call(context, "POST", `/v1/${parent}?secretId=${secretId}`, body);
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
    const { name } = await call(context, "POST", `/v1/${inputs.secret}:addVersion`, { payload: { data } });
    return {
        id: String(name),
        outputs: { name, version: String(name).split("/").at(-1) },
        detail: `version ${String(name).split("/").at(-1)}`,
        destroy: async (later) => {
            await call(later, "POST", `/v1/${name}:destroy`, {});
        },
    };
};
