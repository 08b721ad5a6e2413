SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.api_token (
    id text NOT NULL,
    name text NOT NULL,
    scope character varying(20) NOT NULL,
    project text,
    sha256 character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    revoked_at timestamp with time zone
);
CREATE TABLE public.artifact (
    sha256 character varying(64) NOT NULL,
    kind character varying(40) NOT NULL,
    size bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.audit (
    "position" integer NOT NULL,
    at timestamp with time zone NOT NULL,
    who text NOT NULL,
    action character varying(60) NOT NULL,
    target text NOT NULL
);
CREATE SEQUENCE public.audit_position_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_position_seq OWNED BY public.audit."position";
CREATE TABLE public.chronicle (
    id text NOT NULL,
    name text NOT NULL,
    sha256 character varying(64) NOT NULL,
    num_tasks integer NOT NULL,
    num_trials integer NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.chronicle_content (
    chronicle_id text NOT NULL,
    content bytea NOT NULL
);
CREATE TABLE public.dataset (
    id text NOT NULL,
    name text NOT NULL,
    sha256 character varying(64) NOT NULL,
    task character varying(40) NOT NULL,
    labels json NOT NULL,
    has_pair boolean NOT NULL,
    num_examples json NOT NULL,
    licence text NOT NULL,
    meta_features json NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.delivery (
    webhook_id text NOT NULL,
    job_id text NOT NULL,
    seq integer NOT NULL,
    kind character varying(40) NOT NULL,
    state character varying(20) NOT NULL,
    attempts integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    error text NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.event (
    job_id text NOT NULL,
    seq integer NOT NULL,
    kind character varying(40) NOT NULL,
    data json NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.idempotency (
    key text NOT NULL,
    principal text NOT NULL,
    request_sha character varying(64) NOT NULL,
    response json NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.job (
    "position" integer NOT NULL,
    id text NOT NULL,
    dataset_id text NOT NULL,
    objective character varying(40) NOT NULL,
    spec json NOT NULL,
    facts json NOT NULL,
    state character varying(20) NOT NULL,
    wish character varying(10) NOT NULL,
    version integer NOT NULL,
    message text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    owner text,
    owner_epoch integer NOT NULL,
    lease_until timestamp with time zone,
    result json,
    project text NOT NULL,
    priority integer NOT NULL,
    slots integer NOT NULL,
    round_start integer NOT NULL,
    runs character varying(20) NOT NULL
);
CREATE SEQUENCE public.job_position_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.job_position_seq OWNED BY public.job."position";
CREATE TABLE public.measurement (
    job_id text NOT NULL,
    number integer NOT NULL,
    epoch integer NOT NULL,
    "values" json NOT NULL
);
CREATE TABLE public.model (
    id text NOT NULL,
    name text NOT NULL,
    sha256 character varying(64) NOT NULL,
    source json NOT NULL,
    path text NOT NULL,
    architecture text NOT NULL,
    num_layers integer NOT NULL,
    hidden_size integer NOT NULL,
    num_parameters bigint NOT NULL,
    tokenizer_sha256 character varying(64) NOT NULL,
    labels json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    num_heads integer NOT NULL,
    head character varying(40) NOT NULL
);
CREATE TABLE public.project (
    name text NOT NULL,
    weight integer NOT NULL,
    quota integer
);
CREATE TABLE public.trial (
    job_id text NOT NULL,
    number integer NOT NULL,
    spec json NOT NULL,
    distils boolean NOT NULL,
    origin character varying(20) NOT NULL,
    state character varying(20) NOT NULL,
    reason text NOT NULL,
    finish_order integer,
    num_attempts integer NOT NULL,
    dev json NOT NULL,
    test json NOT NULL,
    score double precision,
    seconds double precision NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    stop_asked_at timestamp with time zone,
    confusion json,
    lease_s double precision,
    lease_until timestamp with time zone
);
CREATE TABLE public.webhook (
    id text NOT NULL,
    url text NOT NULL,
    project text,
    secret text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL
);
ALTER TABLE ONLY public.audit ALTER COLUMN "position" SET DEFAULT nextval('public.audit_position_seq'::regclass);
ALTER TABLE ONLY public.job ALTER COLUMN "position" SET DEFAULT nextval('public.job_position_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0010');
INSERT INTO public.dataset VALUES ('ds_aaaaaaaaaaaaaaaa', 'reviews', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'text_classification', '["bad","good"]', false, '{"train":100,"dev":10,"test":10}', 'CC0', '{"log_train":4.6,"class_entropy":1.0}', '2026-11-29 14:00:46.508033+00');
INSERT INTO public.event VALUES ('job_1', 1, 'job.queued', '{}', '2026-11-29 14:00:46.88216+00');
INSERT INTO public.event VALUES ('job_1', 2, 'trial.queued', '{"number":0,"origin":"sampler","reason":"drawn"}', '2026-11-29 14:00:47.434938+00');
INSERT INTO public.event VALUES ('job_1', 3, 'trial.running', '{"number":0,"attempt":1}', '2026-11-29 14:00:47.434938+00');
INSERT INTO public.event VALUES ('job_1', 4, 'trial.complete', '{"number":0,"dev":{"accuracy":0.7},"reason":""}', '2026-11-29 14:00:47.434938+00');
INSERT INTO public.event VALUES ('job_1', 5, 'trial.queued', '{"number":1,"origin":"sampler","reason":"drawn"}', '2026-11-29 14:00:47.702859+00');
INSERT INTO public.event VALUES ('job_1', 6, 'trial.running', '{"number":1,"attempt":1}', '2026-11-29 14:00:47.702859+00');
INSERT INTO public.event VALUES ('job_1', 7, 'trial.complete', '{"number":1,"dev":{"accuracy":0.8},"reason":""}', '2026-11-29 14:00:47.702859+00');
INSERT INTO public.event VALUES ('job_1', 8, 'measurement', '{"number":1,"epoch":1,"values":{"loss/total":1.0,"dev/accuracy":0.5}}', '2026-11-29 14:00:47.927079+00');
INSERT INTO public.event VALUES ('job_1', 9, 'measurement', '{"number":1,"epoch":2,"values":{"loss/total":1.0,"dev/accuracy":0.8}}', '2026-11-29 14:00:47.927079+00');
INSERT INTO public.event VALUES ('job_1', 10, 'job.searching', '{"message":""}', '2026-11-29 14:00:47.927079+00');
INSERT INTO public.event VALUES ('job_2', 1, 'job.queued', '{}', '2026-11-29 14:00:48.303504+00');
INSERT INTO public.job VALUES (1, 'job_1', 'ds_aaaaaaaaaaaaaaaa', 'accuracy', '{"name":"","project":"default","dataset":"ds_aaaaaaaaaaaaaaaa","teacher":{"model":"md_bbbbbbbbbbbbbbbb","preparation":{"kind":"as_is"}},"students":[{"kind":"cut","num_layers":2}],"augmenters":{"masked_lm":null,"translation":null},"space":{"augmentation":{"options":["hard_aug","mixup","none","policy_aug","random_edits","text_chain"],"type":"choice"},"augmentation.weight":{"options":[0.5,1.0],"type":"choice"},"augmentation.hard_aug.radius":{"low":0.01,"high":0.3,"log":true,"type":"uniform"},"augmentation.hard_aug.objective":{"options":["disagreement","sensitivity"],"type":"choice"},"augmentation.hard_aug.teacher_weight":{"low":0.1,"high":10.0,"log":true,"type":"uniform"},"augmentation.hard_aug.alternation":{"options":["steps","ratio"],"type":"choice"},"augmentation.hard_aug.student_steps":{"options":[4,8],"type":"choice"},"augmentation.hard_aug.augmentor_rate":{"low":0.0001,"high":0.01,"log":true,"type":"uniform"},"augmentation.mixup.beta":{"options":[0.2,0.4,1.0],"type":"choice"},"augmentation.mixup.mixed_fraction":{"options":[0.1,0.25,0.5,1.0],"type":"choice"},"augmentation.mixup.sides":{"options":["both","student"],"type":"choice"},"augmentation.policy_aug.teacher_weight":{"low":0.1,"high":10.0,"log":true,"type":"uniform"},"augmentation.policy_aug.update_every":{"options":[4,16],"type":"choice"},"augmentation.policy_aug.policy_rate":{"low":0.02,"high":0.5,"log":true,"type":"uniform"},"augmentation.edit_fraction":{"options":[0.1,0.3,0.5],"type":"choice"},"augmentation.copies":{"options":[1,2,4],"type":"choice"},"augmentation.text_chain.order":{"options":["synonym","synonym+random"],"type":"choice"},"selection":{"options":["class_balanced","el2n","forgetting","grand","herding","k_centre","none","random","teacher_entropy","teacher_margin"],"type":"choice"},"selection.keep_fraction":{"low":0.3,"high":1.0,"log":false,"type":"uniform"},"selection.fixed":{"options":["epochs","steps"],"type":"choice"},"selection.direction":{"options":["hard","easy","middle"],"type":"choice"},"targets":{"options":["balanced","hard","label_smoothing","laplacian","pskd"],"type":"choice"},"targets.balanced.exponent":{"low":0.0,"high":1.0,"log":false,"type":"uniform"},"targets.balanced.share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"targets.label_smoothing.smoothing":{"low":0.02,"high":0.3,"log":false,"type":"uniform"},"targets.laplacian.smoothing":{"low":0.05,"high":2.0,"log":true,"type":"uniform"},"targets.laplacian.neighbours":{"options":[3,5,10],"type":"choice"},"targets.laplacian.share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"targets.pskd.alpha":{"low":0.1,"high":0.6,"log":false,"type":"uniform"},"loss":{"options":["bd_kl","generalised_js","lelp","logit_mse","none","reverse_kl","sinkd","softened_kl"],"type":"choice"},"loss.weight":{"low":0.1,"high":1.0,"log":false,"type":"uniform"},"loss.temperature":{"low":1.0,"high":8.0,"log":true,"type":"uniform"},"loss.bd_kl.gate":{"options":["hard","soft"],"type":"choice"},"loss.bd_kl.factor":{"low":1.0,"high":4.0,"log":false,"type":"uniform"},"loss.bd_kl.steepness":{"low":0.5,"high":8.0,"log":true,"type":"uniform"},"loss.generalised_js.teacher_share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"loss.lelp.subclasses":{"options":[2,4,8,16],"type":"choice"},"loss.lelp.directions":{"options":["pca","random","kmeans"],"type":"choice"},"loss.lelp.subclass_temperature":{"low":0.25,"high":8.0,"log":true,"type":"uniform"},"loss.lelp.subclass_weight":{"low":0.1,"high":3.0,"log":true,"type":"uniform"},"loss.sinkd.transport_weight":{"low":0.003,"high":3.0,"log":true,"type":"uniform"},"loss.sinkd.plan":{"options":["entropic","unrolled","debiased","sparse"],"type":"choice"},"loss.sinkd.regularization":{"low":0.02,"high":0.5,"log":true,"type":"uniform"},"loss.sinkd.iterations":{"options":[10,20,50],"type":"choice"},"loss.sinkd.nonzeros":{"options":[1,2,4],"type":"choice"},"intermediate":{"options":["channel_ce","cka","cosine","l2","mi_alpha","mse","nd","none","pkd"],"type":"choice"},"intermediate.weight":{"low":0.01,"high":3.0,"log":true,"type":"uniform"},"intermediate.mapping":{"options":["emd","last","skip"],"type":"choice"},"intermediate.mi_alpha.alpha":{"low":0.0,"high":1.0,"log":false,"type":"uniform"},"intermediate.mi_alpha.critic":{"options":["mlp","transformer"],"type":"choice"},"intermediate.mi_alpha.critics":{"options":["each","shared"],"type":"choice"},"intermediate.mi_alpha.baseline":{"options":["learnt","e"],"type":"choice"},"balancing":{"options":["concomitant","fixed"],"type":"choice"},"balancing.concomitant.decay":{"options":[0.9,0.99],"type":"choice"},"regularizer":{"options":["none","quant_noise","variation","weight_compander"],"type":"choice"},"regularizer.quant_noise.bits":{"options":[4,6,8],"type":"choice"},"regularizer.quant_noise.start":{"low":0.0,"high":0.75,"log":false,"type":"uniform"},"regularizer.variation.weight":{"low":0.001,"high":1.0,"log":true,"type":"uniform"},"regularizer.weight_compander.power":{"options":[0.5,0.75,1.0],"type":"choice"},"regularizer.weight_compander.delta":{"options":[0.01,0.1],"type":"choice"},"regularizer.weight_compander.headroom":{"low":1.5,"high":10.0,"log":true,"type":"uniform"},"regularizer.weight_compander.learnt":{"options":[false,true],"type":"choice"},"training.learning_rate":{"low":0.00002,"high":0.0006,"log":true,"type":"uniform"},"training.weight_decay":{"low":0.0001,"high":0.3,"log":true,"type":"uniform"},"training.num_epochs":{"low":3,"high":8,"log":false,"type":"int_uniform"},"training.warmup_fraction":{"low":0.0,"high":0.3,"log":false,"type":"uniform"},"finishing":{"options":["none","weight_align"],"type":"choice"},"finishing.weight_align.strength":{"options":[0.5,1.0],"type":"choice"}},"objectives":[{"metric":"accuracy"}],"limits":[],"budget":{"num_trials":20,"timeout_s":null,"patience":null,"max_epochs":8},"search":{"sampler":"transfer","early_stopping":true,"recommended":5},"runs":"here","start":[],"recommended":[],"parallelism":2,"priority":10,"max_length":128,"max_train_examples":null,"precision":"float32","confirmation_seeds":3,"seed":0,"probes":[]}', '{"cut-2":{"task":"text_classification","num_outputs":2,"num_levels":0,"num_train":100,"teacher_layers":6,"student_layers":2,"teacher_width":32,"student_width":32,"teacher_heads":0,"student_heads":0,"shared_tokenizer":true,"masked_lm":false,"translation":false}}', 'searching', 'run', 2, '', '2026-11-29 14:00:46.715514+00', '2026-11-29 14:00:47.906807+00', NULL, 'worker', 1, '2026-11-29 14:01:47.18967+00', NULL, 'default', 10, 0, 0, 'here');
INSERT INTO public.job VALUES (2, 'job_2', 'ds_aaaaaaaaaaaaaaaa', 'accuracy', '{"name":"","project":"default","dataset":"ds_aaaaaaaaaaaaaaaa","teacher":{"model":"md_bbbbbbbbbbbbbbbb","preparation":{"kind":"as_is"}},"students":[{"kind":"cut","num_layers":2}],"augmenters":{"masked_lm":null,"translation":null},"space":{"augmentation":{"options":["hard_aug","mixup","none","policy_aug","random_edits","text_chain"],"type":"choice"},"augmentation.weight":{"options":[0.5,1.0],"type":"choice"},"augmentation.hard_aug.radius":{"low":0.01,"high":0.3,"log":true,"type":"uniform"},"augmentation.hard_aug.objective":{"options":["disagreement","sensitivity"],"type":"choice"},"augmentation.hard_aug.teacher_weight":{"low":0.1,"high":10.0,"log":true,"type":"uniform"},"augmentation.hard_aug.alternation":{"options":["steps","ratio"],"type":"choice"},"augmentation.hard_aug.student_steps":{"options":[4,8],"type":"choice"},"augmentation.hard_aug.augmentor_rate":{"low":0.0001,"high":0.01,"log":true,"type":"uniform"},"augmentation.mixup.beta":{"options":[0.2,0.4,1.0],"type":"choice"},"augmentation.mixup.mixed_fraction":{"options":[0.1,0.25,0.5,1.0],"type":"choice"},"augmentation.mixup.sides":{"options":["both","student"],"type":"choice"},"augmentation.policy_aug.teacher_weight":{"low":0.1,"high":10.0,"log":true,"type":"uniform"},"augmentation.policy_aug.update_every":{"options":[4,16],"type":"choice"},"augmentation.policy_aug.policy_rate":{"low":0.02,"high":0.5,"log":true,"type":"uniform"},"augmentation.edit_fraction":{"options":[0.1,0.3,0.5],"type":"choice"},"augmentation.copies":{"options":[1,2,4],"type":"choice"},"augmentation.text_chain.order":{"options":["synonym","synonym+random"],"type":"choice"},"selection":{"options":["class_balanced","el2n","forgetting","grand","herding","k_centre","none","random","teacher_entropy","teacher_margin"],"type":"choice"},"selection.keep_fraction":{"low":0.3,"high":1.0,"log":false,"type":"uniform"},"selection.fixed":{"options":["epochs","steps"],"type":"choice"},"selection.direction":{"options":["hard","easy","middle"],"type":"choice"},"targets":{"options":["balanced","hard","label_smoothing","laplacian","pskd"],"type":"choice"},"targets.balanced.exponent":{"low":0.0,"high":1.0,"log":false,"type":"uniform"},"targets.balanced.share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"targets.label_smoothing.smoothing":{"low":0.02,"high":0.3,"log":false,"type":"uniform"},"targets.laplacian.smoothing":{"low":0.05,"high":2.0,"log":true,"type":"uniform"},"targets.laplacian.neighbours":{"options":[3,5,10],"type":"choice"},"targets.laplacian.share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"targets.pskd.alpha":{"low":0.1,"high":0.6,"log":false,"type":"uniform"},"loss":{"options":["bd_kl","generalised_js","lelp","logit_mse","none","reverse_kl","sinkd","softened_kl"],"type":"choice"},"loss.weight":{"low":0.1,"high":1.0,"log":false,"type":"uniform"},"loss.temperature":{"low":1.0,"high":8.0,"log":true,"type":"uniform"},"loss.bd_kl.gate":{"options":["hard","soft"],"type":"choice"},"loss.bd_kl.factor":{"low":1.0,"high":4.0,"log":false,"type":"uniform"},"loss.bd_kl.steepness":{"low":0.5,"high":8.0,"log":true,"type":"uniform"},"loss.generalised_js.teacher_share":{"low":0.1,"high":0.9,"log":false,"type":"uniform"},"loss.lelp.subclasses":{"options":[2,4,8,16],"type":"choice"},"loss.lelp.directions":{"options":["pca","random","kmeans"],"type":"choice"},"loss.lelp.subclass_temperature":{"low":0.25,"high":8.0,"log":true,"type":"uniform"},"loss.lelp.subclass_weight":{"low":0.1,"high":3.0,"log":true,"type":"uniform"},"loss.sinkd.transport_weight":{"low":0.003,"high":3.0,"log":true,"type":"uniform"},"loss.sinkd.plan":{"options":["entropic","unrolled","debiased","sparse"],"type":"choice"},"loss.sinkd.regularization":{"low":0.02,"high":0.5,"log":true,"type":"uniform"},"loss.sinkd.iterations":{"options":[10,20,50],"type":"choice"},"loss.sinkd.nonzeros":{"options":[1,2,4],"type":"choice"},"intermediate":{"options":["channel_ce","cka","cosine","l2","mi_alpha","mse","nd","none","pkd"],"type":"choice"},"intermediate.weight":{"low":0.01,"high":3.0,"log":true,"type":"uniform"},"intermediate.mapping":{"options":["emd","last","skip"],"type":"choice"},"intermediate.mi_alpha.alpha":{"low":0.0,"high":1.0,"log":false,"type":"uniform"},"intermediate.mi_alpha.critic":{"options":["mlp","transformer"],"type":"choice"},"intermediate.mi_alpha.critics":{"options":["each","shared"],"type":"choice"},"intermediate.mi_alpha.baseline":{"options":["learnt","e"],"type":"choice"},"balancing":{"options":["concomitant","fixed"],"type":"choice"},"balancing.concomitant.decay":{"options":[0.9,0.99],"type":"choice"},"regularizer":{"options":["none","quant_noise","variation","weight_compander"],"type":"choice"},"regularizer.quant_noise.bits":{"options":[4,6,8],"type":"choice"},"regularizer.quant_noise.start":{"low":0.0,"high":0.75,"log":false,"type":"uniform"},"regularizer.variation.weight":{"low":0.001,"high":1.0,"log":true,"type":"uniform"},"regularizer.weight_compander.power":{"options":[0.5,0.75,1.0],"type":"choice"},"regularizer.weight_compander.delta":{"options":[0.01,0.1],"type":"choice"},"regularizer.weight_compander.headroom":{"low":1.5,"high":10.0,"log":true,"type":"uniform"},"regularizer.weight_compander.learnt":{"options":[false,true],"type":"choice"},"training.learning_rate":{"low":0.00002,"high":0.0006,"log":true,"type":"uniform"},"training.weight_decay":{"low":0.0001,"high":0.3,"log":true,"type":"uniform"},"training.num_epochs":{"low":3,"high":8,"log":false,"type":"int_uniform"},"training.warmup_fraction":{"low":0.0,"high":0.3,"log":false,"type":"uniform"},"finishing":{"options":["none","weight_align"],"type":"choice"},"finishing.weight_align.strength":{"options":[0.5,1.0],"type":"choice"}},"objectives":[{"metric":"accuracy"}],"limits":[],"budget":{"num_trials":20,"timeout_s":null,"patience":null,"max_epochs":8},"search":{"sampler":"transfer","early_stopping":true,"recommended":5},"runs":"here","start":[],"recommended":[],"parallelism":2,"priority":10,"max_length":128,"max_train_examples":null,"precision":"float32","confirmation_seeds":3,"seed":0,"probes":[]}', '{"cut-2":{"task":"text_classification","num_outputs":2,"num_levels":0,"num_train":100,"teacher_layers":6,"student_layers":2,"teacher_width":32,"student_width":32,"teacher_heads":0,"student_heads":0,"shared_tokenizer":true,"masked_lm":false,"translation":false}}', 'queued', 'run', 1, '', '2026-11-29 14:00:48.118385+00', NULL, NULL, NULL, 0, NULL, NULL, 'default', 10, 0, 0, 'here');
INSERT INTO public.measurement VALUES ('job_1', 1, 1, '{"loss/total":1.0,"dev/accuracy":0.5}');
INSERT INTO public.measurement VALUES ('job_1', 1, 2, '{"loss/total":1.0,"dev/accuracy":0.8}');
INSERT INTO public.trial VALUES ('job_1', 0, '{"pipeline":{"augmentation":{"kind":"none"},"selection":{"kind":"none"},"targets":{"kind":"hard"},"loss":{"kind":"softened_kl","weight":0.7,"temperature":2.0},"intermediate":{"kind":"none"},"balancing":{"kind":"fixed"},"regularizer":{"kind":"none"},"training":{"kind":"adamw","learning_rate":0.0001,"weight_decay":0.01,"num_epochs":6,"warmup_fraction":0.1,"batch_size":32},"finishing":{"kind":"none"}},"student":"cut-2","seed":1,"precision":"float32"}', true, 'sampler', 'complete', 'drawn', 1, 1, '{"accuracy":0.7}', '{"accuracy":0.7}', 0.7, 1, '2026-11-29 14:00:47.249165+00', '2026-11-29 14:00:47.38625+00', NULL, NULL, NULL, NULL);
INSERT INTO public.trial VALUES ('job_1', 1, '{"pipeline":{"augmentation":{"kind":"none"},"selection":{"kind":"none"},"targets":{"kind":"hard"},"loss":{"kind":"softened_kl","weight":0.7,"temperature":2.0},"intermediate":{"kind":"none"},"balancing":{"kind":"fixed"},"regularizer":{"kind":"none"},"training":{"kind":"adamw","learning_rate":0.0001,"weight_decay":0.01,"num_epochs":6,"warmup_fraction":0.1,"batch_size":32},"finishing":{"kind":"none"}},"student":"cut-2","seed":1,"precision":"float32"}', true, 'sampler', 'complete', 'drawn', 2, 1, '{"accuracy":0.8}', '{"accuracy":0.8}', 0.8, 1, '2026-11-29 14:00:47.521916+00', '2026-11-29 14:00:47.654076+00', NULL, NULL, NULL, NULL);
SELECT pg_catalog.setval('public.audit_position_seq', 1, false);
SELECT pg_catalog.setval('public.job_position_seq', 2, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT pk_api_token PRIMARY KEY (id);
ALTER TABLE ONLY public.artifact
    ADD CONSTRAINT pk_artifact PRIMARY KEY (sha256);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY ("position");
ALTER TABLE ONLY public.chronicle
    ADD CONSTRAINT pk_chronicle PRIMARY KEY (id);
ALTER TABLE ONLY public.chronicle_content
    ADD CONSTRAINT pk_chronicle_content PRIMARY KEY (chronicle_id);
ALTER TABLE ONLY public.dataset
    ADD CONSTRAINT pk_dataset PRIMARY KEY (id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT pk_delivery PRIMARY KEY (webhook_id, job_id, seq);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT pk_event PRIMARY KEY (job_id, seq);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT pk_idempotency PRIMARY KEY (key, principal);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT pk_job PRIMARY KEY ("position");
ALTER TABLE ONLY public.measurement
    ADD CONSTRAINT pk_measurement PRIMARY KEY (job_id, number, epoch);
ALTER TABLE ONLY public.model
    ADD CONSTRAINT pk_model PRIMARY KEY (id);
ALTER TABLE ONLY public.project
    ADD CONSTRAINT pk_project PRIMARY KEY (name);
ALTER TABLE ONLY public.trial
    ADD CONSTRAINT pk_trial PRIMARY KEY (job_id, number);
ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT pk_webhook PRIMARY KEY (id);
ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT uq_api_token_name UNIQUE (name);
ALTER TABLE ONLY public.api_token
    ADD CONSTRAINT uq_api_token_sha256 UNIQUE (sha256);
ALTER TABLE ONLY public.chronicle
    ADD CONSTRAINT uq_chronicle_name UNIQUE (name);
ALTER TABLE ONLY public.dataset
    ADD CONSTRAINT uq_dataset_name UNIQUE (name);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT uq_job_id UNIQUE (id);
ALTER TABLE ONLY public.model
    ADD CONSTRAINT uq_model_name UNIQUE (name);
ALTER TABLE ONLY public.trial
    ADD CONSTRAINT uq_trial_job_id_finish_order UNIQUE (job_id, finish_order);
CREATE INDEX ix_delivery_state_due_at ON public.delivery USING btree (state, due_at);
CREATE INDEX ix_idempotency_expires_at ON public.idempotency USING btree (expires_at);
CREATE INDEX ix_job_dataset_id ON public.job USING btree (dataset_id);
CREATE INDEX ix_job_project_position ON public.job USING btree (project, "position");
CREATE INDEX ix_job_state_position ON public.job USING btree (state, "position");
CREATE INDEX ix_trial_job_id_number_origin_state_score ON public.trial USING btree (job_id, number, origin, state, score);
CREATE INDEX ix_trial_job_id_score ON public.trial USING btree (job_id, score);
CREATE INDEX ix_trial_job_id_state_origin ON public.trial USING btree (job_id, state, origin);
ALTER TABLE ONLY public.chronicle_content
    ADD CONSTRAINT fk_chronicle_content_chronicle_id_chronicle FOREIGN KEY (chronicle_id) REFERENCES public.chronicle(id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT fk_delivery_job_id FOREIGN KEY (job_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT fk_delivery_webhook_id FOREIGN KEY (webhook_id) REFERENCES public.webhook(id);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT fk_event_job_id FOREIGN KEY (job_id) REFERENCES public.job(id);
ALTER TABLE ONLY public.job
    ADD CONSTRAINT fk_job_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.dataset(id);
ALTER TABLE ONLY public.measurement
    ADD CONSTRAINT fk_measurement_job_id_number FOREIGN KEY (job_id, number) REFERENCES public.trial(job_id, number);
ALTER TABLE ONLY public.trial
    ADD CONSTRAINT fk_trial_job_id FOREIGN KEY (job_id) REFERENCES public.job(id);
