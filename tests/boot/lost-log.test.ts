import { TestVm, UNTIL_RELEASED } from "./helpers/vm";

const concurrently = test.concurrent;

/** A follower that prints only these lines, as docker's does when log rotation overtakes it. */
const follower = (...lines: string[]) =>
    `${lines.map((line) => `echo ${line}; `).join("")}while running; do sleep 0.05; done`;

describe("the log of a trainer", () => {
    concurrently("is complete, including the error, even though docker's follower missed the end", async () => {
        await TestVm.with({}, async (vm) => {
            await vm.boot({ trainer: "echo one; echo two; echo no such layer; exit 3", follow: follower("one") });
            expect(await vm.status()).toMatchObject({ state: "FAILED", exitCode: 3 });
            expect(await vm.log()).toBe("one\ntwo\nno such layer\n");
        });
    });

    concurrently("says where docker's follower missed a part, and then repeats the part that docker kept", async () => {
        await TestVm.with({}, async (vm) => {
            const trainer = `echo one; echo two; echo three; ${UNTIL_RELEASED}; echo four`;
            const booted = vm.boot({ trainer, follow: follower("one", "three") });
            await vm.eventually(async () => (await vm.log()) === "one\nthree\n");
            vm.release();
            await booted;
            expect(await vm.log()).toBe(
                "one\nthree\n\n[docker lost part of the log above; the last 19 bytes that it kept follow]\none\ntwo\nthree\nfour\n",
            );
        });
    });

    concurrently(
        "says where a part is missing because docker no longer has it, and then continues with what docker kept",
        async () => {
            await TestVm.with({}, async (vm) => {
                await vm.boot({ trainer: "echo three; echo four", follow: follower("one", "two") });
                expect(await vm.log()).toBe(
                    "one\ntwo\n\n[docker lost part of the log above; the last 11 bytes that it kept follow]\nthree\nfour\n",
                );
            });
        },
    );

    concurrently("is unchanged if docker's follower missed nothing, even if docker has kept only the end", async () => {
        await TestVm.with({}, async (vm) => {
            await vm.boot({
                trainer: "echo two; echo three",
                follow: follower("one", "two", "three"),
            });
            expect(await vm.log()).toBe("one\ntwo\nthree\n");
        });
    });
});
