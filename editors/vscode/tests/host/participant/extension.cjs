// A chat participant and a model, so that a typed chat is answered without any network.
//
// Answers what the prompt asks for: `use the tool` calls one, `slowly` says half of its answer and waits for the word `go` in the
// workspace's file of that name, `code` gives code.

'use strict';
// eslint-disable-next-line @typescript-eslint/no-require-imports
const vscode = require('vscode');

const MODEL = {
    id: 'still',
    name: 'Still',
    family: 'still',
    version: '1',
    maxInputTokens: 100000,
    maxOutputTokens: 4096,
    capabilities: { toolCalling: true, imageInput: false },
    isUserSelectable: true,
    isDefault: true,
    detail: 'local',
    tooltip: 'answers nothing by itself',
};

exports.activate = (context) => {
    const provider = {
        provideLanguageModelChatInformation: () => Promise.resolve([MODEL]),
        provideLanguageModelChatResponse: (model, messages, options, progress) => {
            progress.report(new vscode.LanguageModelTextPart('Nothing.'));
            return Promise.resolve();
        },
        provideTokenCount: () => Promise.resolve(7),
    };
    const tool = {
        prepareInvocation: () => Promise.resolve({ invocationMessage: 'Echoing' }),
        invoke: ({ input }) =>
            Promise.resolve(
                new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(`echo: ${input.text}`)]),
            ),
    };
    const participant = vscode.chat.createChatParticipant('chasmtests.default', answer);
    participant.iconPath = new vscode.ThemeIcon('beaker');
    participant.titleProvider = { provideChatTitle: (chat) => Promise.resolve(titleOf(chat)) };
    context.subscriptions.push(
        vscode.lm.registerLanguageModelChatProvider('chasmtests', provider),
        vscode.lm.registerTool('chasmtests_echo', tool),
        participant,
    );
    // the editor looks for models when somebody asks for them
    return vscode.lm.selectChatModels({ vendor: 'chasmtests' });
};
exports.deactivate = () => undefined;

function titleOf(chat) {
    const first = chat.history.find((turn) => turn.prompt !== undefined);
    return first === undefined ? 'A chat' : `About: ${first.prompt}`;
}

async function answer(request, chat, stream, token) {
    const { prompt, toolInvocationToken } = request;
    if (stream.thinkingProgress) stream.thinkingProgress({ text: 'I look at the question.', id: 't1' });
    stream.markdown(`You said: **${prompt}**\n\n`);
    if (prompt.includes('use the tool')) {
        const said = await vscode.lm.invokeTool(
            'chasmtests_echo',
            { input: { text: prompt }, toolInvocationToken },
            token,
        );
        stream.markdown(`The tool said: ${said.content.map((part) => part.value).join('')}\n\n`);
    }
    if (prompt.includes('code')) stream.markdown('```js\nconsole.log("é中🚀");\n```\n');
    if (prompt.includes('slowly')) await wait(token);
    stream.markdown('That is all.');
    return { metadata: {} };
}

/** Until the file `go` is in the workspace, or nobody waits for the answer any more. */
async function wait(token) {
    const folder = vscode.workspace.workspaceFolders[0].uri;
    const go = vscode.Uri.joinPath(folder, 'go');
    const isThere = () =>
        vscode.workspace.fs.stat(go).then(
            () => true,
            () => false,
        );
    while (!token.isCancellationRequested && !(await isThere()))
        await new Promise((done) => setTimeout(done, 50));
}
