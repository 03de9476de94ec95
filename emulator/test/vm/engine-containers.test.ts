import { TestEmulator } from "../../src/testing";
import { describeWithDocker, docker, NODE_IMAGE } from "../docker";
import { ACCOUNT, cloudConfig, PROJECT_ID, TestInstance } from "./support";

describeWithDocker("docker in a VM with the docker runtime", [NODE_IMAGE], () => {
    let emulator: TestEmulator;
    let image: string;

    beforeAll(async () => {
        emulator = await TestEmulator.start({ runtime: "docker" });
        await emulator.call("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, {
            body: { accountId: "trainer", serviceAccount: {} },
        });
        const repository = `/v1/projects/${PROJECT_ID}/locations/us-central1/repositories`;
        const made = await emulator.call("POST", `${repository}?repositoryId=trainer`, { body: { format: "DOCKER" } });
        const registryUri = String(made.at("response.registryUri"));
        const binding = { role: "roles/artifactregistry.reader", members: [`serviceAccount:${ACCOUNT}`] };
        await emulator.call("POST", `${repository}/trainer:setIamPolicy`, {
            body: { policy: { bindings: [binding] } },
        });
        const imageId = await docker("image", "inspect", "--format", "{{.Id}}", NODE_IMAGE);
        const body = { image: `${registryUri}/node`, engineImageId: imageId };
        image = String((await emulator.call("POST", "/emulator/v1/images", { body })).at("image"));
    });
    afterAll(() => emulator.stop());

    // Other tests may use the engine at the same time.
    const own = `e${process.pid}`;
    const containers = (...options: string[]) =>
        docker(
            "ps",
            ...options,
            "--filter",
            "label=gcp-emulator.vm",
            "--filter",
            `name=${own}`,
            "--format",
            "{{.Names}}",
        );

    /** Creates a VM that runs this script, with docker configured for the registry. */
    function vm(name: string, script: string): Promise<TestInstance> {
        const lines = [
            "export HOME=$PWD/var; export STORAGE_EMULATOR_HOST=${EMULATOR_VM_CONTROL%/emulator*}",
            "export GCE_METADATA_HOST=${STORAGE_EMULATOR_HOST#http://}",
            `docker-credential-gcr configure-docker --registries ${image.split("/")[0]} 2>/dev/null`,
            script,
        ];
        const config = cloudConfig({ "/etc/t.sh": lines.join("\n") }, ["bash", "/etc/t.sh"]);
        return TestInstance.create(emulator, `${own}-${name}`, config, {
            serviceAccounts: [{ email: ACCOUNT, scopes: [] }],
        });
    }

    it("runs the exact image with access to the VM's endpoint, and reports the exit code", async () => {
        const code =
            "fetch(process.argv[1] + process.env.GCE_METADATA_HOST + '/computeMetadata/v1/instance/name', " +
            "{headers: {'Metadata-Flavor': 'Google'}}).then(r => r.text()).then(t => { console.log(t); process.exit(5) })";
        const script = `docker pull ${image} >/dev/null
docker run --detach --name box --memory 256m -e GCE_METADATA_HOST ${image} -e "${code}" http:// >/dev/null
docker wait box; docker logs --follow box; docker inspect --format '{{.State.Running}} {{.State.ExitCode}} {{.Image}}' box`;
        const machine = await vm("engine", script);
        const output = await machine.untilSerial("cloud-init[2]: finished");
        const id = await docker("image", "inspect", "--format", "{{.Id}}", NODE_IMAGE);
        expect(output).toMatch(new RegExp(`: 5\n.*: ${own}-engine\n.*: false 5 ${id}\n`));
        expect(await containers("--all")).toMatch(/-box$/);
        await machine.delete();
        expect(await containers("--all")).toBe("");
    });

    it("keeps containers with the same name in two VMs apart, and stops a container with its VM", async () => {
        const script = `docker run -d --name box ${image} -e "setInterval(() => {}, 1000)"; echo up`;
        const both = await Promise.all([vm("one", script), vm("two", script)]);
        await Promise.all(both.map((machine) => machine.untilSerial(": up")));
        expect((await containers("--all")).split("\n")).toHaveLength(2);
        await both[0].post("stop");
        await both[0].untilStatus("TERMINATED");
        expect(await containers()).toMatch(/^[^\n]*two[^\n]*-box$/);
        await Promise.all(both.map((machine) => machine.delete()));
        expect(await containers("--all")).toBe("");
    });

    it("cannot pull an image that the engine does not have", async () => {
        const registryUri = image.slice(0, image.indexOf("/node@"));
        const imageId = `sha256:${"0".repeat(64)}`;
        const body = { image: `${registryUri}/none`, engineImageId: imageId };
        const missing = String((await emulator.call("POST", "/emulator/v1/images", { body })).at("image"));
        const machine = await vm("missing", `docker pull ${missing}`);
        expect(await machine.untilSerial("finished")).toMatch(
            /manifest for .* not found: this machine's Docker engine has no image/,
        );
        await machine.delete();
    });
});
