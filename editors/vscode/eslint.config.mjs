import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { defineConfig, globalIgnores } from 'eslint/config';
import ts from 'typescript-eslint';

export default defineConfig(
    globalIgnores(['dist']),
    js.configs.recommended,
    ts.configs.recommendedTypeChecked,
    prettier,
    {
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        rules: {
            eqeqeq: 'error',
            '@typescript-eslint/consistent-type-imports': 'error',
            '@typescript-eslint/no-confusing-void-expression': 'off',
            '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
        },
    },
    {
        files: ['**/*.{js,mjs,cjs}'],
        extends: [ts.configs.disableTypeChecked],
        languageOptions: {
            globals: {
                ...Object.fromEntries(
                    ['process', 'console', 'URL', 'setTimeout', 'require', 'exports'].map((name) => [
                        name,
                        'readonly',
                    ]),
                ),
            },
        },
    },
);
