import { setTimeout as sleep } from "node:timers/promises";
import { SYSTEMD_IMAGE } from "../../emulator/src/vm/systemd/systemd-vm";
import { describeWithDocker, docker, NODE_IMAGE } from "../../emulator/test/docker";
import { ACCOUNT, cloudConfig, PROJECT_ID, TestInstance } from "../../emulator/test/vm/support";
import { EmulatorProcess } from "./kills";

describeWithDocker("an emulator that is killed while a VM runs a container", [NODE_IMAGE], () => {
    let emulator: EmulatorProcess;
    const foreign: string[] = [];
    /** The ids of the containers with this label, whether or not they are running. */
    const containers = (label: string) => docker("ps", "--all", "--quiet", "--no-trunc", "--filter", `label=${label}`);
    const idle = ["-e", "setInterval(() => {}, 1000)"];

    /** Creates a container that the emulator did not start. */
    async function run(...options: string[]): Promise<string> {
        const id = await docker("run", "--detach", ...options, NODE_IMAGE, ...idle);
        foreign.push(id);
        return id;
    }

    /** Boots a VM that runs a container. @returns the container's labels */
    async function runInVm(name: string): Promise<Record<string, string>> {
        const { cloud } = emulator;
        const registry = `/v1/projects/${PROJECT_ID}/locations/us-central1/repositories`;
        await cloud.call("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, {
            body: { accountId: "trainer", serviceAccount: {} },
        });
        const made = await cloud.call("POST", `${registry}?repositoryId=trainer`, { body: { format: "DOCKER" } });
        const binding = { role: "roles/artifactregistry.reader", members: [`serviceAccount:${ACCOUNT}`] };
        await cloud.ok("POST", `${registry}/trainer:setIamPolicy`, { body: { policy: { bindings: [binding] } } });
        const engineImageId = await docker("image", "inspect", "--format", "{{.Id}}", NODE_IMAGE);
        const body = { image: `${made.at("response.registryUri")}/node`, engineImageId };
        const image = String((await cloud.call("POST", "/emulator/v1/images", { body })).at("image"));
        const script = [
            "export HOME=$PWD/var; export STORAGE_EMULATOR_HOST=${EMULATOR_VM_CONTROL%/emulator*}",
            "export GCE_METADATA_HOST=${STORAGE_EMULATOR_HOST#http://}",
            `docker-credential-gcr configure-docker --registries ${image.split("/")[0]} 2>/dev/null`,
            `docker run -d --name box ${image} -e "setInterval(() => {}, 1000)" && echo up && docker wait box`,
        ].join("\n");
        const machine = await TestInstance.create(
            cloud,
            name,
            cloudConfig({ "/etc/t.sh": script }, ["bash", "/etc/t.sh"]),
            { serviceAccounts: [{ email: ACCOUNT, scopes: [] }] },
        );
        await machine.untilSerial(": up");
        const names = (await docker("ps", "--format", "{{.Names}}")).split("\n");
        const own = names.find((one) => one.includes(`-${name}-`) && one.endsWith("-box")) ?? "";
        return JSON.parse(await docker("inspect", "--format", "{{json .Config.Labels}}", own));
    }

    beforeEach(async () => {
        emulator = await EmulatorProcess.start("docker");
    });

    afterEach(async () => {
        await emulator.cloud.stop();
        for (const id of foreign.splice(0)) {
            await docker("rm", "--force", id);
        }
    });

    it("leaves no container, and does not touch those that it did not create", async () => {
        const labels = await runInVm(`k${process.pid}-watched`);
        const other = await run("--label", "gcp-emulator.boot=another", "--label", "gcp-emulator.data=another");

        await emulator.kill("SIGKILL");

        while ((await containers(`gcp-emulator.vm=${labels["gcp-emulator.vm"]}`)) !== "") {
            await sleep(100);
        }
        expect(await docker("inspect", "--format", "{{.State.Running}}", other)).toBe("true");
        await emulator.restart();
    });

    it("has its containers removed by the next emulator with its data, even if that uses another runtime", async () => {
        const labels = await runInVm(`k${process.pid}-swept`);
        const data = `gcp-emulator.data=${labels["gcp-emulator.data"]}`;
        await emulator.kill("SIGKILL");
        // A container that the watcher does not know, as if the watcher had been killed too.
        const own = await run("--label", data);
        const other = await run("--label", "gcp-emulator.data=another");

        await emulator.restart("process");

        expect(await containers(data)).not.toContain(own);
        expect(await docker("inspect", "--format", "{{.State.Running}}", other)).toBe("true");
    });
});

describeWithDocker("an emulator that is killed while a VM with systemd boots", [SYSTEMD_IMAGE], () => {
    it("leaves no container, and the next emulator removes the VM's disks", async () => {
        const name = `k${process.pid}-systemd`;
        const emulator = await EmulatorProcess.start("systemd");
        const listed = (...command: string[]) => docker(...command, "--filter", `name=${name}`);
        await TestInstance.create(emulator.cloud, name, cloudConfig({}));
        while ((await listed("ps", "--quiet")) === "") {
            await sleep(100);
        }

        await emulator.kill("SIGKILL");

        while ((await listed("ps", "--all", "--quiet")) !== "") {
            await sleep(100);
        }
        await emulator.restart("systemd");
        await emulator.cloud.stop();
        expect(await listed("volume", "ls", "--quiet")).toBe("");
    });
});
