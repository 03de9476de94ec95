import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { TestEmulator } from "../../src/testing";
import { cloudConfig, INSTANCES, instanceBody, pause, serviceConfig, TestInstance } from "./support";

let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
});
afterAll(() => emulator.stop());

/** Returns true if some process is sleeping for this number of seconds, which no other program uses. */
function sleeps(seconds: string): boolean {
    const commands = execFileSync("ps", ["-Ao", "args="], { encoding: "utf8" }).split("\n");
    return commands.some((command) => command.trim() === `sleep ${seconds}`);
}

const SPOT = { scheduling: { provisioningModel: "SPOT", preemptible: true, automaticRestart: false } };

describe("a VM", () => {
    it("runs its unit, powers itself off, and boots again from the same disk, reapplying its user-data", async () => {
        const script = 'echo "$1 $(cat $STATE_DIRECTORY/count 2>/dev/null)"; echo -n x >>$STATE_DIRECTORY/count';
        const vm = await TestInstance.create(emulator, "life", serviceConfig(script));
        await vm.untilStatus("TERMINATED");
        expect(await vm.output()).toEqual(["pre ", "run x", "post xx"]);
        expect((await vm.post("start")).at("operationType")).toBe("start");
        await vm.untilStatus("TERMINATED");
        expect((await vm.output()).slice(3)).toEqual(["pre xxx", "run xxxx", "post xxxxx"]);
    });

    it("logs its boot and shutdown to the serial port, which can be read from any byte position", async () => {
        const vm = await TestInstance.create(emulator, "serial", serviceConfig("echo $1"));
        await vm.untilStatus("TERMINATED");
        const first = await emulator.call("GET", `${INSTANCES}/serial/serialPort?port=1&start=0`);
        expect(first.at("contents")).toMatch(
            /Linux version[\s\S]*Started t\.service[\s\S]*bash\[\d+\]: post[\s\S]*Power down\n$/,
        );
        const { next } = first.json as { next: string };
        expect(await emulator.call("GET", `${INSTANCES}/serial/serialPort?port=1&start=${next}`)).toMatchObject({
            json: { kind: "compute#serialPortOutput", contents: "", start: next, next },
        });
        const tail = await emulator.call("GET", `${INSTANCES}/serial/serialPort?start=-12`);
        expect(tail.at("contents")).toBe(": Power down\n".slice(1));
    });

    it("is never reported as RUNNING once it is off, even if no client has seen it RUNNING", async () => {
        const vm = await TestInstance.create(emulator, "quick", serviceConfig("true"));
        await vm.untilSerial("Power down");
        while ((await emulator.inventory()).length > 0 && (await vm.status()) === "STOPPING") {}
        expect(await vm.status()).toBe("TERMINATED");
    });

    it("is shut down gracefully by a stop operation, which completes when the VM is off", async () => {
        const script =
            "trap 'echo asked; exit 0' TERM; [ $1 != run ] || { echo up; sleep 99 & wait; }; echo $1 $SERVICE_RESULT";
        const vm = await TestInstance.create(emulator, "stopped", serviceConfig(script));
        await vm.untilSerial(": up");
        const { name } = (await vm.post("stop")).json as { name: string };
        expect(await vm.status()).toMatch(/STOPPING|TERMINATED/);
        const operations = `${INSTANCES.replace("instances", "operations")}/${name}`;
        expect((await emulator.call("POST", `${operations}/wait`)).at("status")).toBe("DONE");
        expect(await vm.status()).toBe("TERMINATED");
        expect(await vm.output()).toEqual(["pre", "up", "asked", "post success"]);
    });

    it("receives a preemption notice from the metadata server, and is shut down", async () => {
        const metadata =
            'curl -s -H "Metadata-Flavor: Google" http://$GCE_METADATA_HOST/computeMetadata/v1/instance/preempted';
        const script = `case $1 in (run) echo up; exec sleep 99;; (post) ${metadata}; echo;; esac`;
        const vm = await TestInstance.create(emulator, "preempted", serviceConfig(script), SPOT);
        await vm.untilSerial(": up");
        expect((await vm.preempt()).status).toBe(200);
        await vm.untilStatus("TERMINATED");
        expect(await vm.output()).toEqual(["up", "TRUE"]);
    });

    it("cannot be preempted unless it is a spot VM", async () => {
        const vm = await TestInstance.create(emulator, "standard", serviceConfig("exec sleep 99"));
        expect((await vm.preempt()).at("error.message")).toMatch(/provisioning model is STANDARD/);
    });

    it("is stopped by Compute Engine at maxRunDuration", async () => {
        const scheduling = { maxRunDuration: { seconds: 1 }, instanceTerminationAction: "STOP" };
        const vm = await TestInstance.create(emulator, "limited", serviceConfig("[ $1 != run ] || exec sleep 99"), {
            scheduling,
        });
        const json = (await vm.get()).json;
        expect(json).toMatchObject({
            scheduling: { maxRunDuration: { seconds: "1" } },
            resourceStatus: { scheduling: { terminationTimestamp: expect.any(String) } },
        });
        await vm.untilStatus("TERMINATED");
        expect((await vm.get()).at("resourceStatus")).toBeUndefined();
    });

    it("is deleted at maxRunDuration if the action is DELETE", async () => {
        const scheduling = { maxRunDuration: { seconds: 1 }, instanceTerminationAction: "DELETE" };
        const vm = await TestInstance.create(emulator, "vanishing", "", { scheduling });
        await vm.untilStatus(undefined);
        expect((await vm.get()).status).toBe(404);
    });

    it("loses all processes and files when it is deleted", async () => {
        const script = "[ $1 != run ] || { sleep 31.61 & setsid sleep 31.62 & echo up; wait; }";
        const vm = await TestInstance.create(emulator, "deleted", serviceConfig(script));
        await vm.untilSerial(": up");
        while (!sleeps("31.61") || !sleeps("31.62")) {
            await pause();
        }
        await vm.delete();
        expect([sleeps("31.61"), sleeps("31.62")]).toEqual([false, false]);
        expect(existsSync(path.join(emulator.dataDir, "vms", "demo-project-us-central1-a-deleted"))).toBe(false);
        expect((await vm.get()).status).toBe(404);
    });

    it("can be powered off by systemctl in a script", async () => {
        const vm = await TestInstance.create(
            emulator,
            "poweroff",
            serviceConfig("[ $1 != run ] || { systemctl poweroff; sleep 99; }"),
        );
        await vm.untilStatus("TERMINATED");
    });

    it.each([
        ["not-a-config", "hello", 'must begin with the line "#cloud-config"'],
        ["unknown-module", "#cloud-config\nusers: []", '"users" is not emulated'],
        ["bad-unit", serviceConfig("", { service: "DynamicUser=yes" }), "DynamicUser= in [Service] is not emulated"],
        ["bad-command", cloudConfig({}, ["no-such-command"], ["bash", "-c", "echo next"]), "cloud-init[2]: next"],
    ])("stays up and prints the reason for bad user-data (%s)", async (name, userData, why) => {
        const vm = await TestInstance.create(emulator, name, userData);
        expect(await vm.untilSerial(why)).toContain(name === "bad-command" ? "failed" : "");
        expect(await vm.status()).toBe("RUNNING");
    });

    it("supports systemctl, with systemd's output and exit codes", async () => {
        const unit = "[Service]\nExecStart=/bin/bash -c 'sleep 30; exit 4'\nExecStopPost=/bin/true\n";
        const lines = [
            "systemctl is-active a; echo $?",
            "systemctl start a; echo started $?; systemctl is-active a",
            "systemctl stop a; systemctl is-active a; echo $?",
            "systemctl start none; echo $?",
            "systemctl restart a; echo $?",
            "systemctl is-system-running; echo done",
        ];
        const files = { "/etc/systemd/system/a.service": unit, "/etc/a.sh": lines.join("\n") };
        const vm = await TestInstance.create(emulator, "systemctl", cloudConfig(files, ["bash", "/etc/a.sh"]));
        const serial = await vm.untilSerial("finished");
        const output = [...serial.matchAll(/cloud-init\[2\]: (.*)/g)].map((match) => match[1]);
        expect(output.slice(1, -1)).toEqual([
            "inactive",
            "3",
            "started 0",
            "active",
            "inactive",
            "3",
            "Failed to start none.service: Unit none.service not found.",
            "5",
            "Unknown command verb 'restart' (not supported by the emulated VM).",
            "1",
            "running",
            "done",
        ]);
    });
});

describe("an emulator", () => {
    it("stops its VMs when it stops, and finds them stopped when it starts again", async () => {
        const own = await TestEmulator.start();
        const vm = await TestInstance.create(
            own,
            "restarted",
            serviceConfig("[ $1 != run ] || { echo up; exec sleep 31.63; }"),
        );
        await vm.untilSerial(": up");
        await own.restart();
        expect(sleeps("31.63")).toBe(false);
        expect(await vm.status()).toBe("TERMINATED");
        expect(await vm.serial()).toContain("up");
        await vm.post("start");
        await vm.untilStatus("RUNNING");
        await vm.delete();
        expect(readdirSync(path.join(own.dataDir, "vms"))).toEqual([]);
        expect(await own.inventory()).toEqual([]);
        await own.stop();
    });

    it("rejects a VM name that is in use", async () => {
        await TestInstance.create(emulator, "twice", "");
        const again = await emulator.call("POST", INSTANCES, { body: instanceBody("twice") });
        expect([again.status, again.at("error.errors.0.reason")]).toEqual([409, "alreadyExists"]);
    });
});
